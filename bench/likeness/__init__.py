"""How like a speaker the clones of an engine are, and how well they can still be understood."""
