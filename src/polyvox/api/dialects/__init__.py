"""Other products' shapes over the same services: thin files, no logic of their own."""
