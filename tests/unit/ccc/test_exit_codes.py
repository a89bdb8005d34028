"""Every exit code, one by one, with the words that go with it."""

from __future__ import annotations

import socket

import pytest

from tests.unit.ccc.command_line import fresh_public_key
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import FAILED, RUNNING, Reply, Service, instance, problem

ID = "0123456789ab"


def test_0_whatever_the_status(ccc: Ccc, service: Service) -> None:
    """A status that was told is success, even when the instance itself failed."""
    service.add(instance(ID, **FAILED))
    done = ccc("status", ID)
    assert done.code == 0
    assert "Status: failed" in done.out
    assert "Failure: The machine never answered." in done.out


def test_1_a_failed_instance(ccc: Ccc, service: Service) -> None:
    """An instance that fails while one waits is exit code 1, with cause, hint and next command."""
    service.add(instance(ID))
    service.plan = [FAILED]
    done = ccc("wait", ID)
    assert done.code == 1
    assert "The machine never answered." in done.err
    assert "Try another location." in done.err
    assert f"ccc logs {ID}" in done.err


def test_1_an_error_of_the_service(ccc: Ccc, service: Service) -> None:
    """A 500 is exit code 1 and shows the request's id."""
    service.reply_next(problem(500, "internal", "Something broke."))
    done = ccc("list")
    assert (done.code, done.out) == (1, "")
    assert "Something broke." in done.err
    assert "req-7" in done.err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["status"], ["status", ""], ["list", "--output", "xml"]])
def test_2_usage(ccc: Ccc, service: Service, arguments: list[str]) -> None:
    """A command line that cannot be meant is exit code 2 and sends nothing."""
    done = ccc(*arguments)
    assert done.code == 2
    assert done.err
    assert service.asked == []


@pytest.mark.parametrize("status", [400, 422])
def test_2_refused_as_invalid(ccc: Ccc, service: Service, status: int) -> None:
    """What the service calls invalid is exit code 2 and names the argument and the next command."""
    service.reply_next(problem(status, "invalid_input", errors={"server_type": "there is no type cx99"}))
    done = ccc("provision", "guest@example.org", fresh_public_key(), "4", "cx99")
    assert done.code == 2
    assert "TYPE: there is no type cx99" in done.err
    assert "Next: ccc types" in done.err


def test_3_not_found(ccc: Ccc) -> None:
    """An unknown id is exit code 3."""
    done = ccc("status", "ffffffffffff")
    assert done.code == 3
    assert "Next: ccc list" in done.err


@pytest.mark.parametrize("said", ["nope", "0123456789AG", "../reap", "0123456789ab0", "ü" * 12])
def test_3_for_an_id_of_another_shape(ccc: Ccc, service: Service, said: str) -> None:
    """What cannot be an id is not found either, and never becomes part of a path."""
    assert ccc("status", said).code == 3
    assert service.asked == []


@pytest.mark.parametrize("status", [401, 403])
def test_4_not_allowed(ccc: Ccc, service: Service, status: int) -> None:
    """A token that does not open this is exit code 4."""
    service.reply_next(problem(status, "unauthorized"))
    done = ccc("list")
    assert done.code == 4
    assert "ccc context" in done.err


def test_line_140_without_a_token_is_4(ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any token nothing is sent, and the next command is said."""
    monkeypatch.delenv("CCC_TOKEN")
    done = ccc("list")
    assert done.code == 4
    assert "Next: ccc context add" in done.err
    assert service.asked == []


def test_4_with_nothing_configured(ccc: Ccc, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who has just installed it learns what to type first."""
    monkeypatch.delenv("CCC_TOKEN")
    monkeypatch.delenv("CCC_URL")
    done = ccc("list")
    assert done.code == 4
    assert "Next: ccc context add NAME --url URL --token TOKEN" in done.err


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (402, "budget"), (409, "conflict"), (409, "limit"), (410, "gone"), (422, "limit"), (422, "stock"),
        (429, "rate_limited"), (503, "paused"), (503, "no_builder"), (503, "stock"), (503, "limit"),
        (503, "provider_limit"),
    ],
)  # fmt: skip
def test_5_conflict_quota_stock(ccc: Ccc, service: Service, status: int, code: str) -> None:
    """What stands in the way is exit code 5, and the service's word for it is asked for once."""
    service.reply_next(problem(status, code, "Not now."))
    done = ccc("provision", "guest@example.org", fresh_public_key())
    assert done.code == 5
    assert "Not now." in done.err
    assert len(service.asked) == 1


def test_6_waited_too_long(ccc: Ccc, service: Service) -> None:
    """When the time is over before the machine runs, the exit code is 6 and waiting can be taken up again."""
    service.add(instance(ID))
    done = ccc("wait", ID, "--timeout", "0.05")
    assert done.code == 6
    assert f"Next: ccc wait {ID}" in done.err


def test_line_140_unreachable_is_7(ccc: Ccc, service: Service) -> None:
    """Where nothing listens, the exit code is 7 and the message names the address and `make up`."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        done = ccc("--url", url, "list")
    assert done.code == 7
    assert url in done.err
    assert "make up" in done.err


def test_7_for_a_connection_that_is_cut(ccc: Ccc, service: Service) -> None:
    """A service that hangs up every time is unreachable, after a few tries."""
    service.reply_next(*[Reply(status=0, cut=True)] * 4)
    assert ccc("list").code == 7
    assert len(service.asked) == 4


def test_an_answer_in_another_language(ccc: Ccc, service: Service) -> None:
    """HTML with status 200 is reported as a wrong address, exit code 1."""
    service.reply_next(Reply(status=200, raw=b"<html>Log in to the wireless network</html>"))
    done = ccc("list")
    assert done.code == 1
    assert "is the address right?" in done.err


@pytest.mark.parametrize("document", [{"id": ID}, {"id": ID, "status": "running", "stages": [3]}, {"instances": 1}])
def test_an_answer_with_missing_parts(ccc: Ccc, service: Service, document: object) -> None:
    """An object without the agreed names is an error in words, not a traceback."""
    service.reply_next(Reply(status=200, document=document))
    done = ccc("status", ID)
    assert done.code == 1
    assert "unknown way" in done.err


def test_running_is_0(ccc: Ccc, service: Service) -> None:
    """Waiting for a machine that runs is over at once."""
    service.add(instance(ID, **RUNNING))
    done = ccc("wait", ID)
    assert done.code == 0
    assert "SSH command: ssh -p 2222 claude@127.0.0.9" in done.out
