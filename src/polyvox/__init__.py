"""Polyvox, a self-hosted speech platform."""

__version__ = "0.1.0"
