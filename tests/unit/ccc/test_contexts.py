"""Services known by name: the file, its mode, its lock, and the verbs that change it."""

from __future__ import annotations

import io
import json
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ccc.contexts import load_contexts, save_context
from ccc.errors import WrongUse
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import TOKEN, Service


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the contexts are kept in these tests; the folder is not there yet."""
    return tmp_path / "config" / "ccc" / "config.json"


def test_the_first_context_becomes_current(path: Path) -> None:
    """A context is current when none was; the next one is not."""
    save_context("onebox-8000", "http://localhost:8000/", "one", path=path)
    save_context("onebox-9000", "http://localhost:9000", "two", path=path)
    known = load_contexts(path)
    assert known.current == "onebox-8000"
    assert known.by_name["onebox-8000"].url == "http://localhost:8000"
    assert known.by_name["onebox-9000"].token == "two"


def test_not_current_even_when_none_is(path: Path) -> None:
    """With current_if_none=False nothing becomes current."""
    save_context("mine", "http://localhost:8000", "one", current_if_none=False, path=path)
    assert load_contexts(path).current is None


def test_saving_again_replaces(path: Path) -> None:
    """A restart that made a new token leaves one context with the new one."""
    save_context("mine", "http://localhost:8000", "old", path=path)
    save_context("mine", "http://localhost:8000", "new", path=path)
    known = load_contexts(path)
    assert {name: one.token for name, one in known.by_name.items()} == {"mine": "new"}


def test_only_the_owner_may_read(path: Path) -> None:
    """File and folder are closed to others, also when the file was open before."""
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text('{"current": null, "contexts": {}}', encoding="utf-8")
    path.chmod(0o644)
    save_context("mine", "http://localhost:8000", "one", path=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(one.name for one in path.parent.iterdir()) == ["config.json", "config.lock"]


def test_many_at_once(path: Path) -> None:
    """Starters that save at the same moment do not lose each other's contexts."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: save_context(f"onebox-{n}", f"http://localhost:{n}", "t", path=path), range(1, 25)))
    assert len(load_contexts(path).by_name) == 24


@pytest.mark.parametrize("text", ["", "{", "[]", '{"contexts": {"a": {"url": 1}}}', '{"contexts": 3}'])
def test_a_broken_file_is_reported_and_kept(path: Path, text: str) -> None:
    """A file that cannot be read is never overwritten."""
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUse, match="mend or remove it"):
        save_context("mine", "http://localhost:8000", "one", path=path)
    assert path.read_text(encoding="utf-8") == text


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    """Who keeps the file elsewhere and links to it keeps the link."""
    elsewhere = tmp_path / "dotfiles.json"
    elsewhere.write_text('{"current": null, "contexts": {}}', encoding="utf-8")
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere)
    save_context("mine", "http://localhost:8000", "one", path=path)
    assert path.is_symlink()
    assert "mine" in load_contexts(elsewhere).by_name


def test_a_token_does_not_show_in_a_repr(path: Path) -> None:
    """A context in a log line or a traceback does not tell its token."""
    save_context("mine", "http://localhost:8000", "secret-token", path=path)
    assert "secret-token" not in repr(load_contexts(path))


def test_add_use_list_remove(ccc: Ccc, path: Path) -> None:
    """The verbs change what is saved, and the list never shows a token."""
    for name in ("one", "two"):
        url = f"https://{name}.example.org"
        assert ccc("context", "add", name, "--url", url, "--token", f"token-{name}").code == 0
    assert ccc("context", "use", "two").code == 0
    listed = ccc("context", "list")
    assert [line.split() for line in listed.out.splitlines()[1:]] == [
        ["one", "https://one.example.org"],
        ["*", "two", "https://two.example.org"],
    ]
    assert "token-" not in listed.out + listed.err
    assert ccc("context", "remove", "two").code == 0
    assert load_contexts(path).current is None
    assert json.loads(ccc("context", "list", "--output", "json").out) == {
        "current": None,
        "contexts": [{"name": "one", "url": "https://one.example.org"}],
    }


def test_a_list_of_none_says_how_to_save_one(ccc: Ccc) -> None:
    """Below the empty table, beside the answer; as JSON it stays a list."""
    done = ccc("context", "list")
    assert (done.code, done.out) == (0, "  NAME  URL\n")
    assert done.err.splitlines()[0] == "No service is saved."
    assert "ccc context add NAME" in done.err
    assert json.loads(ccc("context", "list", "--output", "json").out) == {"current": None, "contexts": []}


def test_a_token_from_stdin(ccc: Ccc, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads the token from stdin, where no list of processes shows it."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("from-stdin\n"))
    assert ccc("context", "add", "mine", "--url", "https://example.org", "--token", "-").code == 0
    assert load_contexts(path).by_name["mine"].token == "from-stdin"


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "mine"],
        ["add", "mine", "--url", "https://example.org"],
        ["add", "../mine", "--url", "https://example.org", "--token", "t"],
        ["add", "mine", "--url", "ftp://example.org", "--token", "t"],
        ["add", "mine", "--url", "https://example.org", "--token", "t\nX-Other: 1"],
        ["use", "nobody"],
        ["remove", "nobody"],
    ],
)
def test_unusable_context_commands(ccc: Ccc, path: Path, arguments: list[str]) -> None:
    """What cannot be saved or is not known is exit code 2, and nothing is written."""
    assert ccc("context", *arguments).code == 2
    assert not path.exists()


def test_show(ccc: Ccc, service: Service) -> None:
    """`context show` tells which address is meant, and of the token only that there is one."""
    shown = ccc("context", "show")
    assert f"URL: {service.url}" in shown.out
    assert "Token: known" in shown.out
    assert TOKEN not in shown.out


def test_show_the_token(ccc: Ccc) -> None:
    """`context show --token` prints the token and nothing else, for a page that asks for it."""
    assert ccc("context", "show", "--token").out == f"{TOKEN}\n"
    assert json.loads(ccc("context", "show", "--token", "--output", "json").out) == {"token": TOKEN}


def test_show_a_token_that_is_not_there(ccc: Ccc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token there is exit code 4 and an empty stdout."""
    monkeypatch.delenv("CCC_TOKEN")
    done = ccc("context", "show", "--token")
    assert (done.code, done.out) == (4, "")


def test_the_saved_context_is_used(ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without flags and variables the current context opens the service."""
    monkeypatch.delenv("CCC_URL")
    monkeypatch.delenv("CCC_TOKEN")
    save_context("mine", service.url, TOKEN)
    assert ccc("list").code == 0


def test_an_unwritable_folder(ccc: Ccc, tmp_path: Path) -> None:
    """Where the configuration cannot be written, the message names the path."""
    (tmp_path / "config").write_text("a file where a folder should be", encoding="utf-8")
    done = ccc("context", "add", "mine", "--url", "https://example.org", "--token", "t")
    assert done.code == 2
    assert "config.json cannot be" in done.err
