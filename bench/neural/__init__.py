"""The neural engines behind the server against their packages called directly."""
