"""The exact shape of an answer: what departs from it in anything is no answer, and changes nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.box.machine import Machine
from tests.unit.box.service import NOON, Answer, Service, written

HOUR = timedelta(hours=1)
END = written(NOON + 9 * HOUR)


def document(end: str, hours: str = "1") -> bytes:
    """An answer in JSON as it is on the wire; `end` and `hours` are JSON."""
    return f'{{"expires_at": {end}, "hours_left": {hours}}}'.encode()


GOOD = document(f'"{END}"')
SHAPELESS: dict[str, bytes] = {
    "a zero character behind it": document(f'"{END}\\u0000"'),
    "a zero character in it": document(f'"{END[:10]}\\u0000{END[10:]}"'),
    "a newline behind it": document(f'"{END}\\n"'),
    "a line behind it": document(f'"{END}\\n2030-02-01T00:00:00Z"'),
    "a line before it": document(f'"x\\n{END}"'),
    "a blank behind it": document(f'"{END} "'),
    "a blank before it": document(f'" {END}"'),
    "hours within it": document(f'"{END} 7"'),
    "no end in a text": document('"none"'),
    "an empty end": document('""'),
    "false": document("false"),
    "two documents": GOOD * 2,
    "a document and half of one": GOOD + b"{",
    "a document and a number": GOOD + b" 1",
    "a document and a byte": GOOD + b"\xff",
    "a zero byte behind it": GOOD + b"\0",
    "two documents about a zero byte": GOOD + b"\0" + GOOD,
    "a list of one": b"[" + GOOD + b"]",
    "hours that are missing": b'{"expires_at": "%s"}' % END.encode(),
}
HOURS = ["null", '"3"', "-1", "1.5", "0.001", "1e300", "99999999999", "[]", "{}", "true", '"0\\u0000"', "NaN"]


@pytest.mark.parametrize(
    "body",
    [*SHAPELESS.values(), *(document(f'"{END}"', hours) for hours in HOURS)],
    ids=[*SHAPELESS, *(f"hours {hours}" for hours in HOURS)],
)
@pytest.mark.parametrize("words", [["refresh"], ["extend", "1"]], ids=["refresh", "extend"])
def test_what_has_not_the_shape_is_no_answer(machine: Machine, service: Service, words: list[str], body: bytes) -> None:
    """Exit code 7 and one line, and the end that was learnt before stays."""
    end = service.tells(5 * HOUR)
    assert machine.run("refresh").code == 0
    service.says(Answer(body=body))
    done = machine.run(*words)
    assert (done.code, done.out) == (7, "")
    assert done.err == f"ccc-box: something that is not the service answers at {service.url}.\n"
    assert (machine.expires_at(), machine.learnt_end.read_text()) == (end, f"{end}\n")


@pytest.mark.parametrize(
    ("hours", "said"), [("0", "0 more hours"), ("1.0", "1 more hour"), ("9999999999", "9999999999 more hours")]
)
def test_any_whole_number_of_hours_is_taken(machine: Machine, service: Service, hours: str, said: str) -> None:
    """However the service writes it, and with whatever else it tells."""
    service.says(Answer(body=document(f'"{END}"', f'{hours}, "more": [1]')))
    machine.state.mkdir()
    done = machine.run("extend", "1")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f" UTC. {said} can be added.\n")
    offered = "the link in your mail" if hours == "0" else "ccc-box extend HOURS"
    assert machine.run().out.endswith(f"{offered}\n")


def problem(detail: str) -> bytes:
    """A refusal's body."""
    return json.dumps({"detail": detail}).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (problem("One sentence."), "One sentence."),
        (problem("a\nb\x00c\u2028d\x1be"), "a b c d e"),
        (problem("ä" * 60_000), None),
        (problem("x" * 301), "x" * 300),
        (problem("One.") + problem("Two."), "the end of this machine cannot be moved any more."),
        (problem("One.") * 200, "the end of this machine cannot be moved any more."),
        (problem("One.") + b"\0" + problem("Two."), "the end of this machine cannot be moved any more."),
        (problem(""), "the end of this machine cannot be moved any more."),
    ],
    ids=["plain", "control characters", "long and cut by none", "long", "two", "many", "zero byte", "empty"],
)
def test_the_words_of_a_refusal_are_one_line(machine: Machine, service: Service, body: Any, said: str | None) -> None:
    """At most 300 characters, however much is sent; what is not one document has no words."""
    service.says(Answer(status=409, body=body))
    done = machine.run("extend", "1")
    if said is None:
        # More bytes than any answer may have: it was not read to its end.
        assert (done.code, done.out) == (7, "")
        assert "does not answer" in done.err
        return
    assert (done.code, done.err) == (5, f"ccc-box: {said}\n")
