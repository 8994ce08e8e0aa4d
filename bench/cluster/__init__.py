"""Gateway and workers as they are run, measured against their own engine and against one server."""
