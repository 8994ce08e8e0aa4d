"""Other products' shapes."""
