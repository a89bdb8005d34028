"""What a log line may show."""

from __future__ import annotations

import io

import pytest

from builder.log_tail import LogTail
from builder.phases import step_of
from builder.redaction import Redaction
from chalicelib.domain.build import LOG_TAIL_CHARS, Cause, Phase
from tests.unit.builder.world import World, fresh_key


@pytest.fixture
def redact(world: World) -> Redaction:
    """The filter of one build."""
    return Redaction(world.order, world.claim_code)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("a\tb\0c\x07", "a bc"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b(Btext\x9b", "text"),
        ("left\u202eright\u200b", "leftright"),
        ("ccc_manage_AbC-_9, and more", "[token], and more"),
        ("ccc_\x1b[0mmanage_AbC", "[token]"),
        ("mail to ada@example.com.", "mail to [comment]."),
        ("nada@example.community", "nada@example.community"),
        ("“größer” 😀", "“größer” 😀"),
    ],
)
def test_a_line_is_shown_without_what_it_must_not_hold(redact: Redaction, raw: str, shown: str) -> None:
    """Escapes and control characters go, tokens and the guest's comment are replaced, all else stays."""
    assert redact(raw) == shown


def test_a_private_key_over_several_lines_is_one_word(redact: Redaction) -> None:
    """From its first line to its last nothing of it is shown, and what follows is."""
    lines = [*fresh_key().private.splitlines(), "next"]
    assert [shown for line in lines if (shown := redact(line)) is not None] == ["[private key]", "next"]


def test_a_private_key_without_an_end_does_not_silence_the_log(redact: Redaction) -> None:
    """The first line that cannot be of a key is shown again."""
    lines = [*fresh_key().private.splitlines()[:-1], "error: it broke", "next"]
    assert [shown for line in lines if (shown := redact(line)) is not None] == [
        "[private key]",
        "error: it broke",
        "next",
    ]


def test_one_line_of_our_key_alone_is_known(redact: Redaction, world: World) -> None:
    """A piece without its header is recognised by its text."""
    piece = world.order.final_host_key.private.splitlines()[2]
    assert redact(f"x{piece}y") == "x[redacted]y"


def test_a_key_without_a_comment_blots_out_nothing(world: World) -> None:
    """No comment, nothing to look for."""
    world.change(authorized_key=fresh_key().public)
    assert Redaction(world.order, world.claim_code)("a b c") == "a b c"


def test_a_tail_keeps_whole_lines_from_the_end(world: World) -> None:
    """What does not fit goes from the front, a line at a time; the whole log has everything."""
    whole = io.StringIO()
    tail = LogTail(Redaction(world.order, world.claim_code), whole)
    for number in range(1000):
        tail.add(f"line {number}")
    lines = tail.text().splitlines()
    assert lines[-1] == "line 999"
    assert lines == [f"line {number}" for number in range(1000 - len(lines), 1000)]
    assert len(tail.text()) <= LOG_TAIL_CHARS
    assert len(whole.getvalue().splitlines()) == 1000


def test_an_endless_line_is_cut(world: World) -> None:
    """One line cannot push out all others."""
    tail = LogTail(Redaction(world.order, world.claim_code), io.StringIO())
    tail.add("before")
    tail.add("x" * 100_000)
    assert tail.text().splitlines()[0] == "before"


class _Closed(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_a_log_that_nobody_reads_ends_no_build(world: World) -> None:
    """The tail is kept although the platform's side of the output is gone."""
    tail = LogTail(Redaction(world.order, world.claim_code), _Closed())
    tail.add("a line")
    assert tail.text() == "a line"


@pytest.mark.parametrize(
    ("line", "phase", "cause"),
    [
        ("### Switching system into kexec ###", Phase.KEXEC, Cause.KEXEC_FAILED),
        ("### Formatting hard drive with disko ###", Phase.DISKO, Cause.DISK),
        ("### Uploading the system closure ###", Phase.COPY, Cause.COPY_FAILED),
        ("### Copying extra files ###", Phase.COPY, Cause.COPY_FAILED),
        ("### Installing NixOS ###", Phase.INSTALL, Cause.INSTALL_FAILED),
        ("### Rebooting ###", Phase.REBOOT, Cause.NEVER_BACK),
    ],
)
def test_the_steps_of_nixos_anywhere_are_known(line: str, phase: Phase, cause: Cause) -> None:
    """Each of its lines that begins a phase is understood."""
    step = step_of(line)
    assert step is not None
    assert (step.phase, step.cause) == (phase, cause)


@pytest.mark.parametrize(
    "line", ["### Done! ###", "### Gathering machine facts ###", "Installing NixOS", "### ###", ""]
)
def test_other_lines_begin_nothing(line: str) -> None:
    """A line that is no step, or one without meaning for the guest, changes nothing."""
    assert step_of(line) is None
