"""Languages: their codes and names, what a caller means by one, and which one a text is in."""

from polyvox.text.language.codes import AUTO, canonical, plain, resolve
from polyvox.text.language.detection import detect
from polyvox.text.language.names import MAIN, NAMES

__all__ = ["AUTO", "MAIN", "NAMES", "canonical", "detect", "plain", "resolve"]
