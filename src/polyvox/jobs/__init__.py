"""Where ids of jobs wait, and who works at them."""
