"""A page taken apart with the standard library's parser, so that tests look at elements and not at text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br"})


@dataclass(slots=True, kw_only=True)
class Element:
    """One element: its attributes (those without a value are empty) and all text inside it, blanks joined."""

    name: str
    attributes: Mapping[str, str]
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text inside."""
        return " ".join("".join(self.pieces).split())


class Page(HTMLParser):
    """All elements of a page in their order; AssertionError when they are not properly nested."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {[each.name for each in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element."""
        element = Element(name=tag, attributes={name: value or "" for name, value in attrs})
        assert len(element.attributes) == len(attrs), f"an attribute comes twice: {attrs}"
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        """Give text to every element it is in."""
        for element in self._open:
            element.pieces.append(data)

    def all(self, name: str, /, **attributes: str) -> list[Element]:
        """The elements of this name with these attributes."""
        return [
            each
            for each in self.elements
            if each.name == name and all(each.attributes.get(key) == value for key, value in attributes.items())
        ]

    def one(self, name: str, /, **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(name, **attributes)
        return found

    def by_id(self, wanted: str) -> Element:
        """The element of this id."""
        (found,) = [each for each in self.elements if each.attributes.get("id") == wanted]
        return found

    @property
    def text(self) -> str:
        """What the body says."""
        return self.one("body").text
