"""A node: engines on a machine with a GPU, rented or owned, that speak for a server elsewhere."""
