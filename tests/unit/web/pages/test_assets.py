"""Scripts and styles: what is published, and under which names."""

from __future__ import annotations

import re

import pytest

from chalicelib.web.pages.assets import FOLDER, KINDS, Asset, _linked, published

PLAIN = sorted(path.name for path in FOLDER.iterdir())
SCRIPTS = [name for name in PLAIN if name.endswith(".js")]


def served(name: str) -> Asset:
    """A file as it is served, by its plain name."""
    assets = published()
    return assets.files[assets.names[name]]


def test_every_file_is_published_under_a_name_with_its_hash() -> None:
    """No file in the folder is forgotten, and each name says which content it is."""
    assert sorted(published().names) == PLAIN
    for plain, name in published().names.items():
        stem, _, suffix = plain.rpartition(".")
        assert re.fullmatch(rf"{stem}\.[0-9a-f]{{16}}\.{suffix}", name)
        assert published().files[name].kind == KINDS[f".{suffix}"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_import_published_names_alone(name: str) -> None:
    """Every import of a script leads to a file that is served; a plain name would be a 404."""
    text = served(name).text
    imported = re.findall(r'from "\./([^"]+)"', text)
    assert set(imported) <= set(published().files)
    assert len(imported) == text.count("import {")


def test_a_script_that_is_not_there_is_noticed() -> None:
    """An import of nothing fails when the assets are read, not in somebody's browser."""
    with pytest.raises(KeyError):
        _linked('import { x } from "./nowhere.js";', published().names)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_markup(name: str) -> None:
    """Text reaches a page as text: no script writes HTML or runs text as a program."""
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", served(name).text
    )


@pytest.mark.parametrize("name", PLAIN)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    """No asset names another host."""
    assert set(re.findall(r"https?://[\w.]+", served(name).text)) <= {"http://www.w3.org"}
