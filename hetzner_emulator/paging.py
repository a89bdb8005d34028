"""Lists as the API gives them: sorted, cut into pages, with `meta.pagination` and a `Link` header."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hetzner_emulator.errors import invalid

Json = dict[str, Any]
T = TypeVar("T")
_DEFAULT = 25
_MOST = 50


def ordered(
    items: list[T], wishes: Sequence[str], allowed: tuple[str, ...], read: Callable[[T, str], Any] = getattr
) -> list[T]:
    """Sort by every `sort=field[:asc|:desc]`, the first one first; by id without any."""
    result = sorted(items, key=lambda item: int(read(item, "id")))
    for wish in reversed(wishes):
        field, _, direction = wish.partition(":")
        if field not in allowed or direction not in ("", "asc", "desc"):
            raise invalid("sort", f"unknown sort '{wish}'")
        result.sort(key=_by(field, read), reverse=direction == "desc")
    return result


def _by(field: str, read: Callable[[T, str], Any]) -> Callable[[T], tuple[bool, Any]]:
    return lambda item: (read(item, field) is None, read(item, field))


def page_of(items: list[Any], query: Mapping[str, str], url: str) -> tuple[list[Any], Json, dict[str, str]]:
    """Return one page, its `meta` and the `Link` header; past the end the page is empty."""
    number = _positive(query, "page", 1, None)
    size = _positive(query, "per_page", _DEFAULT, _MOST)
    last = max(1, -(-len(items) // size))
    meta = {
        "page": number,
        "per_page": size,
        "previous_page": number - 1 if number > 1 else None,
        "next_page": number + 1 if number < last else None,
        "last_page": last,
        "total_entries": len(items),
    }
    return items[(number - 1) * size : number * size], {"pagination": meta}, _links(meta, query, url)


def _positive(query: Mapping[str, str], name: str, default: int, most: int | None) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise invalid(name, "must be a positive number")
    number = int(text[:9])
    return number if most is None else min(number, most)


def _links(meta: Json, query: Mapping[str, str], url: str) -> dict[str, str]:
    others = "&".join(f"{key}={value}" for key, value in query.items() if key not in ("page", "per_page"))
    relations = (("prev", meta["previous_page"]), ("next", meta["next_page"]), ("last", meta["last_page"]))
    links = [
        f'<{url}?{others + "&" if others else ""}page={number}&per_page={meta["per_page"]}>; rel="{name}"'
        for name, number in relations
        if number is not None
    ]
    return {"Link": ", ".join(links)}
