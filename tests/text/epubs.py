"""EPUB files built by hand, from their parts."""

import io
import zipfile
from collections.abc import Mapping, Sequence

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)


def archive(files: Mapping[str, str | bytes], *, packed: bool = True) -> bytes:
    """A zip archive with `files`, the type of an EPUB first."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, data in files.items():
            file.writestr(name, data)
    return buffer.getvalue()


def xhtml(body: str, *, title: str = "", head: str = "", doctype: str = "<!DOCTYPE html>") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n{doctype}\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>{title}</title>{head}</head><body>{body}</body></html>"
    )


def epub3(
    pages: Mapping[str, str],
    contents: Sequence[tuple[str, str]] | str = (),
    *,
    title: str = "A Book",
    metadata: str = "",
    language: str = "en",
    more: Mapping[str, str | bytes] | None = None,
    items: str = "",
    spine: str | None = None,
    direction: str = "ltr",
) -> bytes:
    """An EPUB 3: `pages` are XHTML by file names, in the order of the spine; `contents` are titles
    and links, or the list itself."""
    manifest = "".join(
        f'<item id="i{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(pages)
    )
    order = "".join(f'<itemref idref="i{number}"/>' for number in range(len(pages)))
    listed = contents if isinstance(contents, str) else _list_of(contents)
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title><dc:language>{language}</dc:language>{metadata}</metadata>"
        '<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" '
        f'properties="nav"/>{manifest}{items}</manifest>'
        f'<spine page-progression-direction="{direction}"><itemref idref="nav"/>'
        f"{order if spine is None else spine}</spine></package>"
    )
    nav = xhtml(f'<nav epub:type="toc"><h1>Contents</h1>{listed}</nav>')
    files: dict[str, str | bytes] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": package,
        "OEBPS/nav.xhtml": nav,
    }
    files |= {f"OEBPS/{name}": page for name, page in pages.items()}
    return archive(files | dict(more or {}))


def _list_of(contents: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f'<li><a href="{link}">{title}</a></li>' for title, link in contents)
    return f"<ol>{lines}</ol>" if lines else ""


def epub2(
    pages: Mapping[str, str],
    points: str,
    *,
    metadata: str,
    items: str = "",
    guide: str = "",
    more: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """An EPUB 2: `points` are the navPoints of its NCX file."""
    manifest = "".join(
        f'<item id="i{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(pages)
    )
    order = "".join(f'<itemref idref="i{number}"/>' for number in range(len(pages)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>'
        f'<manifest><item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>{manifest}'
        f'{items}</manifest><spine toc="ncx">{order}</spine>{guide}</package>'
    )
    ncx = (
        '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
        '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
        f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap>{points}'
        "</navMap></ncx>"
    )
    files: dict[str, str | bytes] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": package,
        "OEBPS/toc.ncx": ncx,
    }
    files |= {f"OEBPS/{name}": page for name, page in pages.items()}
    return archive(files | dict(more or {}))


def point(title: str, link: str, within: str = "") -> str:
    label = f"<navLabel><text>{title}</text></navLabel>"
    return f'<navPoint>{label}<content src="{link}"/>{within}</navPoint>'
