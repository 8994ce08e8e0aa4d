"""Parses XML and HTML that nobody vouches for, by lxml: no entities but the characters' own, no
document types, nothing fetched."""

from __future__ import annotations

import codecs
import re
from html.entities import html5
from typing import Any

from lxml import etree  # type: ignore[import-not-found, import-untyped, unused-ignore]

from polyvox.domain.errors import InvalidInput, TooLarge

_XML_ITSELF = frozenset(("amp", "lt", "gt", "quot", "apos"))
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DOCUMENT_TYPE = re.compile(r"<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PROLOGUE = 10_000
"""Characters within which a document's type is looked for."""
_MOST_TAGS = 2_000_000
_CLOSED_IN_XML = re.compile(
    r"<(title|script|style|textarea|iframe|noscript|noframes|noembed|xmp)\b([^<>]*)/>",
    re.IGNORECASE,
)
"""Which HTML would take for the beginning of an element that swallows the page."""
_BLANK = "<html><body></body></html>"


def parse_xml(data: bytes, name: str) -> Any:
    """The root of an XML document, with tag names without namespaces.

    Raises InvalidInput, with `name`, for what is no XML and for entities declared in it."""
    text = _prepared(data, name)
    try:
        root = etree.fromstring(text.encode(), _strict_parser())
    except etree.XMLSyntaxError as error:
        raise InvalidInput(f"{name} is broken: {error.msg}.", param="file") from error
    return _without_namespaces(root)


def parse_page(data: bytes, name: str) -> Any:
    """The root of an XHTML document as XML, or as browsers would read it where it is no XML.

    Raises InvalidInput, with `name`, for entities declared in it."""
    text = _prepared(data, name)
    try:
        return _without_namespaces(etree.fromstring(text.encode(), _strict_parser(deep=True)))
    except etree.XMLSyntaxError:
        return parse_html(_CLOSED_IN_XML.sub(r"<\1\2></\1>", text), name)


def parse_html(text: str, name: str) -> Any:
    """The root of an HTML document, whatever is in it. Raises InvalidInput, with `name`, where
    lxml would leave a part of it out: elements within each other 2048 deep."""
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    cleaned = _NOT_XML.sub(" ", text)
    _check_tags(cleaned, name)
    root = etree.fromstring((cleaned if cleaned.strip() else _BLANK).encode(), parser)
    if parser.error_log.filter_from_fatals():
        raise InvalidInput(f"{name} is nested too deeply to be read.", param="file")
    return etree.fromstring(_BLANK.encode(), parser) if root is None else root


def _strict_parser(deep: bool = False) -> Any:
    """`deep` documents and long texts are taken too: there are no entities to blow them up."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=deep,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )


def _prepared(data: bytes, name: str) -> str:
    """The document as a string, without what stands before its root."""
    text = _decoded(data)
    _check_tags(text, name)
    if "<!ENTITY" in text:
        raise InvalidInput(f"{name} declares entities of its own, which is refused.", param="file")
    text = _DECLARATION.sub("", text)
    text = _DOCUMENT_TYPE.sub("", text[:_PROLOGUE], count=1) + text[_PROLOGUE:]
    return _ENTITY.sub(_character, _NOT_XML.sub(" ", text)).strip()


def _check_tags(text: str, name: str) -> None:
    """A tag takes a few bytes of a file, and some hundred of memory."""
    if text.count("<") > _MOST_TAGS:
        raise TooLarge(f"{name} has more than {_MOST_TAGS} tags.", param="file")


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    found = _ENCODING.match(data)
    name = found[1].decode() if found else "utf-8"
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode(name)
    except (LookupError, ValueError):
        return data.decode("utf-8", errors="replace")


def _character(entity: re.Match[str]) -> str:
    if entity[1] in _XML_ITSELF:
        return entity[0]
    meant = html5.get(f"{entity[1]};", entity[0])
    return meant.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _without_namespaces(root: Any) -> Any:
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname.lower()
    return root
