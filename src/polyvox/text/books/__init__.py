"""Books: plain text, Markdown and EPUB as chapters of prose to read aloud. Nothing is written to
disk, nothing is fetched."""

from polyvox.text.books.book import Book, Chapter, Limits
from polyvox.text.books.reading import SUFFIXES, read_book

__all__ = ["SUFFIXES", "Book", "Chapter", "Limits", "read_book"]
