"""A voice out of words, of ten languages."""
