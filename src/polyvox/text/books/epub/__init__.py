"""EPUB 2 and 3: an archive with a package that says what is read in which order.

Read by zipfile and lxml: EbookLib, the library that is kept up, is under the AGPL, and the free
ones read metadata or trust the archive."""

from polyvox.text.books.epub.reading import read_epub

__all__ = ["read_epub"]
