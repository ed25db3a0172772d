"""
A page of HTML as a browser reads it, for the tests of what notebooks show.
"""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

__all__ = ["Page", "read"]

_VOID = {"br", "hr", "img", "meta"}


class Page(HTMLParser):
    """
    What a browser makes of it: tags, attributes, rows and text.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.titles: list[str] = []
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        html.encode()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        A tag opens; a row or a cell may begin.
        """
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.titles += [value or "" for name, value in attrs if name == "title"]
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """
        A tag closes, the last one that was opened.
        """
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        """
        Text, which may be that of a cell.
        """
        if "style" in self.open:
            return
        self.texts.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def sentence(self) -> str:
        """
        The first text.
        """
        return self.texts[0]


def read(html: str) -> Page:
    """
    A page that is sound: tags are closed, nothing runs, nothing is loaded.
    """
    page = Page(html)
    assert not page.open
    assert {"class", "title"} >= page.attributes
    assert not {"script", "img", "link", "iframe", "svg", "a"} & set(page.tags)
    return page
