"""`ccc provision`: what it sends, what it shows, and when."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from ccc.output import plain
from tests.unit.ccc.command_line import finished, fresh_private_key, fresh_public_key, on_terminal, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import INSTALLING, KNOWN_HOSTS, MANAGE_TOKEN, RUNNING, Reply, Service, problem

ID = "abcdefabcdef"
MAIL = "guest@example.org"


def test_from_order_to_ssh_command(ccc: Ccc, service: Service) -> None:
    """It waits until the machine runs and ends with id, ssh command, end and host key on stdout."""
    service.plan = [INSTALLING, RUNNING]
    done = ccc("provision", MAIL, fresh_public_key(), "1", "cpx11")
    assert done.code == 0
    assert done.out.splitlines()[:2] == [f"Instance ID: {ID}", "SSH command: ssh -p 2222 claude@127.0.0.9"]
    assert "(2026-11-24T12:00:00Z)" in next(line for line in done.out.splitlines() if line.startswith("Expires: "))
    assert f"Known hosts: {KNOWN_HOSTS}" in done.out.splitlines()
    assert "Cost: 0.00 EUR so far, 0.31 EUR until its end" in done.out.splitlines()
    assert "Asked for 1 h; it ends with the hour that is paid anyway." in done.err.splitlines()
    assert done.out.count("Instance ID:") == 1
    assert f"ccc extend {ID}" in done.err
    assert f"ccc deprovision {ID}" in done.err


def test_the_key_is_trusted_by_one_line(ccc: Ccc, service: Service, environment: dict[str, str]) -> None:
    """The line works where there is no ~/.ssh yet, and again where the address belonged to another machine."""
    service.plan = [RUNNING]
    lines = [line.strip() for line in ccc("provision", MAIL, fresh_public_key()).out.splitlines()]
    typed = lines[lines.index("Trust it before the first login:") + 1]
    folder = Path(environment["HOME"]) / ".ssh"
    # ssh-keygen takes the home from the account, not from $HOME: name the file to keep this test in its own folder
    typed = typed.replace("ssh-keygen -R", f"ssh-keygen -f {folder}/known_hosts -R")
    Path(environment["HOME"]).mkdir()
    for known in ("", f"{KNOWN_HOSTS.split()[0]} {fresh_public_key('')}\n"):
        if known:
            (folder / "known_hosts").write_text(known, encoding="utf-8")
        subprocess.run(["/bin/sh", "-c", typed], env=environment, check=True, capture_output=True)
        assert (folder / "known_hosts").read_text(encoding="utf-8") == KNOWN_HOSTS + "\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_next_command_names_the_key(ccc: Ccc, service: Service, tmp_path: Path) -> None:
    """Where the private half lies beside the .pub file that was given, the suggested ssh uses it."""
    private = fresh_private_key(tmp_path)
    service.plan = [RUNNING]
    assert f"Next: ccc ssh -i {private} {ID}" in ccc("provision", MAIL, f"{private}.pub").err.splitlines()
    private.unlink()
    service.plan = [RUNNING]
    assert f"Next: ccc ssh {ID}" in ccc("provision", MAIL, f"{private}.pub").err.splitlines()


def test_a_type_in_capitals(ccc: Ccc, service: Service) -> None:
    """A type is sent in the service's spelling."""
    ccc("provision", MAIL, fresh_public_key(), "4", "CPX22", "--no-wait")
    assert service.asked[0].body["server_type"] == "cpx22"


@pytest.mark.parametrize("first", ["key.pub", "KEY", "-", "somewhere/key"])
def test_key_before_address(ccc: Ccc, service: Service, first: str) -> None:
    """EMAIL and SSH_KEY the wrong way round are told apart by their look, and nothing is sent."""
    done = ccc("provision", fresh_public_key() if first == "KEY" else first, MAIL)
    assert done.code == 2
    assert "EMAIL comes first" in done.err
    assert service.asked == []


def test_what_was_asked_for_in_hours(ccc: Ccc, service: Service) -> None:
    """Without hours of one's own the sentence about the end names none."""
    service.plan = [RUNNING]
    done = ccc("provision", MAIL, fresh_public_key())
    assert "It ends with the hour that is paid anyway." in done.err.splitlines()


def test_what_is_sent(ccc: Ccc, service: Service) -> None:
    """The body holds exactly the wishes that were typed, with a key that makes it safe to send again."""
    key = fresh_public_key()
    assert ccc("provision", MAIL, key, "4", "cpx22", "--location", "hel1", "--no-wait").code == 0
    [asked] = service.asked
    assert asked.body == {
        "email": MAIL,
        "ssh_public_key": key,
        "hours": 4,
        "server_type": "cpx22",
        "location": "hel1",
    }
    assert len(asked.headers["idempotency-key"]) == 36


@pytest.mark.parametrize(
    "arguments",
    [
        ["KEY", "4", "cpx22"],
        ["KEY", "--hours", "4", "--type", "cpx22"],
        ["--ssh-key", "KEY", "4", "cpx22"],
        ["--ssh-key", "KEY", "4", "--type", "cpx22"],
        ["KEY", "--hours", "4", "cpx22"],
    ],
)
def test_options_and_arguments_mix(ccc: Ccc, service: Service, arguments: list[str]) -> None:
    """What is typed as an option leaves its place to the next argument."""
    key = fresh_public_key()
    typed = [key if word == "KEY" else word for word in arguments]
    assert ccc("provision", MAIL, *typed, "--no-wait").code == 0
    assert service.asked[0].body == {"email": MAIL, "ssh_public_key": key, "hours": 4, "server_type": "cpx22"}


def test_without_wishes_the_service_decides(ccc: Ccc, service: Service) -> None:
    """Hours, type and location that were not typed are not sent."""
    ccc("provision", MAIL, fresh_public_key(), "--no-wait")
    assert service.asked[0].body.keys() == {"email", "ssh_public_key"}


def test_the_id_comes_first_and_every_stage_is_a_line(ccc: Ccc, service: Service) -> None:
    """Off a terminal stderr begins with the id and holds one plain line for each step."""
    service.plan = [INSTALLING, RUNNING]
    lines = ccc("provision", MAIL, fresh_public_key()).err.splitlines()
    assert lines[0] == f"Instance ID: {ID}"
    steps = [line.partition("] ")[2] for line in lines if line.startswith("[")]
    expected = ["requested", "queued", "installing", "boot (usually 20 s)", "install (usually 1 min 30 s)", "running"]
    assert steps == expected


def test_json_is_one_document(ccc: Ccc, service: Service) -> None:
    """With --output json stdout holds exactly the final object, and the manage token that is told only once."""
    service.plan = [INSTALLING, RUNNING]
    done = ccc("provision", MAIL, fresh_public_key(), "--output", "json")
    document = json.loads(done.out)
    assert (document["id"], document["status"]) == (ID, "running")
    assert document["manage_token"] == MANAGE_TOKEN
    assert document["ssh_command"] == RUNNING["ssh_command"]


def test_json_when_the_time_is_over(ccc: Ccc) -> None:
    """When waiting is over first, stdout still holds one document: the instance as last seen."""
    done = ccc("provision", MAIL, fresh_public_key(), "--timeout", "0.05", "--output", "json")
    assert done.code == 6
    assert json.loads(done.out)["status"] == "requested"


def test_no_wait(ccc: Ccc, service: Service) -> None:
    """--no-wait sends one request and says how to wait later."""
    done = ccc("provision", MAIL, fresh_public_key(), "--no-wait")
    assert done.out.splitlines() == [f"Instance ID: {ID}", "Status: requested"]
    assert f"Next: ccc wait {ID}" in done.err
    assert service.methods() == ["POST /instances"]


def test_a_substitution_is_said_aloud(ccc: Ccc, service: Service) -> None:
    """A note about another choice than the one asked for is shown while the machine is made."""
    service.plan = [{"status": "creating", "choice_note": "cpx22 is out of stock; cx33 was taken."}, RUNNING]
    assert "Note: cpx22 is out of stock; cx33 was taken." in ccc("provision", MAIL, fresh_public_key()).err


def test_a_lost_answer_is_asked_for_again_with_the_same_key(ccc: Ccc, service: Service) -> None:
    """When the answer to an order is lost, the repeat carries the same Idempotency-Key and body."""
    service.reply_next(Reply(status=0, cut=True), Reply(status=502, raw=b"<html>"))
    assert ccc("provision", MAIL, fresh_public_key(), "--no-wait").code == 0
    assert len(service.asked) == 3
    assert len({one.headers["idempotency-key"] for one in service.asked}) == 1
    assert len({json.dumps(one.body) for one in service.asked}) == 1


@pytest.mark.parametrize("hours", ["0", "1.5", "two", "1e3", "1000000000", "²"])
def test_line_140_unusable_hours(ccc: Ccc, service: Service, hours: str) -> None:
    """Hours that are no whole number from 1 on are refused before anything is sent."""
    assert ccc("provision", MAIL, fresh_public_key(), hours).code == 2
    assert service.asked == []


def test_line_140_unknown_type(ccc: Ccc, service: Service) -> None:
    """A type the service does not know is exit code 2, with the command that lists them."""
    service.reply_next(problem(422, "invalid_input", errors={"server_type": "unknown"}))
    done = ccc("provision", MAIL, fresh_public_key(), "4", "../cx22")
    assert done.code == 2
    assert "ccc types" in done.err


def test_an_unquoted_key(ccc: Ccc, service: Service) -> None:
    """A key without quotes falls apart into arguments; the message says so and nothing is sent."""
    done = ccc("provision", MAIL, *fresh_public_key().split())
    assert done.code == 2
    assert "quotes" in done.err
    assert service.asked == []


@pytest.mark.parametrize("how", ["path", "argument", "unquoted", "option"])
def test_line_140_a_private_key_never_leaves_nor_shows(ccc: Ccc, service: Service, tmp_path: Path, how: str) -> None:
    """A private key, however it is given, is refused unsent and not a piece of it is shown."""
    path = fresh_private_key(tmp_path)
    text = path.read_text(encoding="utf-8")
    arguments = {"path": [str(path)], "argument": [text], "unquoted": text.split(), "option": ["--ssh-key", text]}
    done = ccc("provision", MAIL, *arguments[how])
    assert done.code == 2
    assert "private key" in done.err
    assert service.asked == []
    shown = done.out + done.err
    assert not any(line in shown for line in text.split() if len(line) > 20)


def test_line_140_interrupted_while_waiting(environment: dict[str, str], service: Service) -> None:
    """Ctrl-C leaves the instance, is exit code 130, and names the command that looks at it again."""
    process = start(environment, "provision", MAIL, fresh_public_key())
    assert process.stderr
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert first == f"Instance ID: {ID}\n"
    assert done.code == 130
    assert f"Next: ccc status {ID} --watch" in done.err
    assert "Traceback" not in done.err
    assert not any(line.startswith("DELETE") for line in service.methods())


def test_interrupted_while_ordering(environment: dict[str, str], service: Service) -> None:
    """Ctrl-C before the answer came says that the order may have been taken, and where to look."""
    service.reply_next(Reply(status=202, after_seconds=3))
    process = start(environment, "provision", MAIL, fresh_public_key())
    service.until_asked()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert done.code == 130
    assert done.err.splitlines()[1:] == ["Next: ccc list"]
    assert "may have been taken" in done.err


def test_a_live_display_on_a_terminal(environment: dict[str, str], service: Service) -> None:
    """On a terminal the stages are drawn in place, and the facts stand below at the end."""
    service.plan = [INSTALLING, RUNNING]
    code, screen = on_terminal(environment, "provision", MAIL, fresh_public_key())
    assert code == 0
    assert "\x1b[" in screen
    assert "usually 1 min 30 s" in screen
    assert screen.index("usually") < screen.index("SSH command: ssh -p 2222 claude@127.0.0.9")
    assert screen.endswith(f"ccc deprovision {ID}\r\n")


def test_a_dumb_terminal_gets_plain_lines(environment: dict[str, str], service: Service) -> None:
    """Where nothing can be drawn in place there are plain lines and no control characters."""
    service.plan = [INSTALLING, RUNNING]
    code, screen = on_terminal({**environment, "TERM": "dumb"}, "provision", MAIL, fresh_public_key())
    assert code == 0
    assert "] boot (usually 20 s)" in screen
    assert plain(screen.replace("\r\n", "\n")) == screen.replace("\r\n", "\n")


def test_nothing_is_left_in_the_home(ccc: Ccc, tmp_path: Path) -> None:
    """Ordering a machine writes nothing into the home, least of all a token."""
    ccc("provision", MAIL, fresh_public_key(), "--no-wait")
    written = [path for path in tmp_path.rglob("*") if stat.S_ISREG(path.stat().st_mode)]
    assert written == []
