"""A voice out of a recording, by classical signal processing."""
