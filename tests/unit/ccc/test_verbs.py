"""The verbs that ask once: status, list, extend, types, logs, completion."""

from __future__ import annotations

import json
import signal

import pytest

from tests.unit.ccc.command_line import finished, on_terminal, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import INSTALLING, RUNNING, Reply, Service, instance

ID = "0123456789ab"
CX23 = {
    "name": "cx23", "cores": 2, "memory_gb": 4, "disk_gb": 40, "architecture": "x86", "price_hourly_eur": "0.0064",
    "price_monthly_eur": "3.99", "locations": ["nbg1", "hel1"], "recommended": True,
}  # fmt: skip
CPX11 = {**CX23, "name": "cpx11", "locations": [], "recommended": False, "note": "2 GB is little"}


def test_status_of_a_running_machine(ccc: Ccc, service: Service) -> None:
    """Everything a person needs is there, the end both as time and as what is left."""
    service.add(instance(ID, **RUNNING))
    lines = ccc("status", f"cc-{ID}").out.splitlines()
    assert "SSH command: ssh -p 2222 claude@127.0.0.9" in lines
    assert "Type: cpx22 in nbg1" in lines
    assert any(line.startswith("Expires: ") and line.endswith("23 h 59 min left") for line in lines)


def test_status_as_json_is_the_object_as_served(ccc: Ccc, service: Service) -> None:
    """Nothing is renamed, added or dropped, also what this release does not know."""
    served = instance(ID, **RUNNING, something_new=[1])
    service.add(served)
    assert json.loads(ccc("--output", "json", "status", ID).out) == served


def test_watch_ends_with_the_machine(ccc: Ccc, service: Service) -> None:
    """--watch shows every step, also after the machine runs, until it is gone."""
    service.add(instance(ID))
    service.plan = [INSTALLING, RUNNING, {"status": "deleting"}, {"status": "deleted"}]
    done = ccc("status", ID, "--watch")
    steps = [line.partition("] ")[2] for line in done.err.splitlines()]
    assert [step for step in steps if "(" not in step] == [
        "requested", "queued", "installing", "running", "deleting", "deleted",
    ]  # fmt: skip
    assert "Status: deleted" in done.out


def test_watch_interrupted(environment: dict[str, str], service: Service) -> None:
    """Ctrl-C ends the watching with 130 and a sentence."""
    service.add(instance(ID, **RUNNING))
    process = start(environment, "status", ID, "--watch")
    assert process.stderr
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert done.code == 130
    assert done.err.splitlines() == [f"Stopped watching; instance {ID} is running."]


def test_list_in_a_pipe(ccc: Ccc, service: Service) -> None:
    """Columns begin with id, address, e-mail and end; cells are single words, absent ones a dash."""
    service.add(instance(ID, **RUNNING), instance("ffffffffffff"))
    head, first, second = (line.split() for line in ccc("list").out.splitlines())
    assert head == ["ID", "ADDRESS", "E-MAIL", "EXPIRES", "STATUS", "TYPE", "LOCATION"]
    mail, end = "guest@example.org", "2026-11-24T12:00:00Z"
    assert first == [ID, "127.0.0.9", mail, end, "running", "cpx22", "nbg1"]
    assert second == ["ffffffffffff", "-", mail, "-", "requested", "cpx22", "nbg1"]


def test_list_columns_are_aligned(ccc: Ccc, service: Service) -> None:
    """Every cell of a column begins at the same place."""
    service.add(instance(ID, email="a@b.co"), instance("ffffffffffff", email="a.long.address@example.org"))
    lines = ccc("list").out.splitlines()
    assert len({line.index(word) for line, word in zip(lines, ("STATUS", "requested", "requested"), strict=True)}) == 1


def test_list_follows_the_pages(ccc: Ccc, service: Service) -> None:
    """Five instances on three pages are one list, text and JSON alike."""
    service.add(*(instance(f"{n:012x}") for n in range(5)))
    assert len(ccc("list").out.splitlines()) == 6
    assert len(json.loads(ccc("list", "--output", "json").out)["instances"]) == 5


def test_list_all(ccc: Ccc, service: Service) -> None:
    """Those that are gone are asked for with --all only."""
    service.add(instance(ID, status="deleted"))
    assert ID not in ccc("list").out
    assert ID in ccc("list", "--all").out


def test_list_filters(ccc: Ccc, service: Service) -> None:
    """Status and owner are the service's to filter by."""
    ccc("list", "--status", "running", "--owner", "guest@example.org")
    assert service.asked[0].query == {"status": "running", "owner": "guest@example.org"}


def test_an_empty_list(ccc: Ccc) -> None:
    """Without machines there is the head, and what to type."""
    done = ccc("list")
    assert len(done.out.splitlines()) == 1
    assert "ccc provision" in done.err


def test_text_of_others_cannot_steer_the_terminal(ccc: Ccc, service: Service) -> None:
    """Control characters and line breaks in what the service tells are shown as something harmless."""
    service.add(instance(ID, email="a\x1b[2J\x9b@b.co\nfaked line", location="\u202enbg1"))
    for output in (ccc("list").out, ccc("status", ID).out):
        assert not {"\x1b", "\x9b", "\u202e"} & set(output)
    assert len(ccc("list").out.splitlines()) == 2


def test_list_on_a_terminal(environment: dict[str, str], service: Service) -> None:
    """A person sees a bold head and the end in words; NO_COLOR takes the bold away."""
    service.add(instance(ID, **RUNNING))
    _, screen = on_terminal(environment, "list")
    assert "\x1b[1mID" in screen
    assert "Tue 2026-11-24 12:00 (23 h 59 min left)" in screen
    _, colourless = on_terminal({**environment, "NO_COLOR": "1"}, "list")
    assert "\x1b" not in colourless


def test_extend(ccc: Ccc, service: Service) -> None:
    """The old and the new end and what is left are told."""
    service.add(instance(ID, **RUNNING))
    done = ccc("extend", ID, "4")
    assert done.code == 0
    assert "(2026-11-24T16:00:00Z)" in done.out.splitlines()[1]
    assert "(2026-11-24T12:00:00Z)" in done.out.splitlines()[2]
    assert "Can still be extended by: 140 h" in done.out.splitlines()
    assert "Cost: 0.00 EUR so far, 0.31 EUR until its end" in done.out.splitlines()
    assert service.asked[0].body == {"hours": 4}


def test_extend_as_json(ccc: Ccc, service: Service) -> None:
    """The answer is passed on as it is."""
    service.add(instance(ID, **RUNNING))
    document = json.loads(ccc("extend", ID, "4", "--output", "json").out)
    assert document["old_expires_at"] == "2026-11-24T12:00:00Z"
    assert document["hours_left"] == 140


@pytest.mark.parametrize("hours", ["0", "-1", "1.5", "many"])
def test_line_140_extend_by_nonsense(ccc: Ccc, service: Service, hours: str) -> None:
    """Hours that are no whole number from 1 on are exit code 2 and send nothing."""
    assert ccc("extend", ID, hours).code == 2
    assert service.asked == []


def test_types_need_no_token(ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone may see what there is to be had, with price, stock and advice."""
    monkeypatch.delenv("CCC_TOKEN")
    service.types = [CX23, CPX11]
    *table, footnote = ccc("types").out.splitlines()
    head, first, second = (line.split() for line in table)
    assert head[:3] == ["TYPE", "CORES", "MEMORY"]
    assert first == [
        "cx23", "2", "4", "GB", "40", "GB", "x86", "0.0064", "3.99", "nbg1,hel1", "recommended",
    ]  # fmt: skip
    assert second[-2:] == ["-", "*"]
    assert footnote == "* 2 GB is little"


def test_prices_can_be_compared(ccc: Ccc, service: Service) -> None:
    """Prices have four and two decimals and end at the same place, and a note that two types share is told once."""
    dear = {**CPX11, "name": "cpx51", "price_hourly_eur": "10.1", "price_monthly_eur": "150"}
    service.types = [CX23, CPX11, dear]
    lines = ccc("types").out.splitlines()
    assert [
        len(line.partition(price)[0]) + len(price)
        for line, price in zip(lines, ("EUR/HOUR", "0.0064", "0.0064", "10.1000"), strict=False)
    ] == [lines[0].index("EUR/HOUR") + len("EUR/HOUR")] * 4
    assert "150.00" in lines[3]
    assert lines[4:] == ["* 2 GB is little"]


def test_types_as_json(ccc: Ccc, service: Service) -> None:
    """The catalogue is passed on as it is."""
    service.types = [CX23]
    assert json.loads(ccc("types", "--output", "json").out) == {"types": [CX23]}


def test_logs(ccc: Ccc, service: Service) -> None:
    """The log is on stdout without what could steer a terminal; the attempt is told beside it."""
    service.add(instance(ID))
    done = ccc("logs", ID)
    assert done.out == "first line\n?[2Jsecond line\n"
    assert done.err == "Attempt 2 of 3:\n"
    assert json.loads(ccc("logs", ID, "--output", "json").out)["attempt"]["number"] == 2


@pytest.mark.parametrize(
    ("attempt", "said"), [(2, "Attempt 2:"), (0, "There is no log yet."), (None, "There is no log yet.")]
)
def test_logs_of_a_service_that_tells_a_bare_number_or_none(
    ccc: Ccc, service: Service, attempt: int | None, said: str
) -> None:
    """A service of an earlier release is understood, and without a log no attempt is told."""
    service.reply_next(Reply(status=200, document={"attempt": attempt, "log": "a line" if attempt else ""}))
    assert ccc("logs", ID).err == f"{said}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(ccc: Ccc, shell: str) -> None:
    """Each shell gets a script that asks `ccc` by the variable that `ccc` answers to."""
    assert f"_CCC_COMPLETE={shell}_complete" in ccc("completion", shell).out


def test_completion_answers(environment: dict[str, str]) -> None:
    """Asked as the script asks, `ccc` completes a verb."""
    asking = {"_CCC_COMPLETE": "bash_complete", "COMP_WORDS": "ccc dep", "COMP_CWORD": "1"}
    assert finished(start({**environment, **asking})).out.splitlines() == ["plain,deprovision"]


def test_completion_knows_the_shell_in_use(ccc: Ccc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument it is the shell of the environment; an unknown one has to be said."""
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert "fish_complete" in ccc("completion").out
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert ccc("completion").code == 2


@pytest.mark.parametrize("status", ["deleted", "failed"])
def test_a_status_of_the_gone_needs_no_all(ccc: Ccc, service: Service, status: str) -> None:
    """Whoever asks for those that are gone by their status sees them."""
    service.add(instance(ID, status=status))
    assert ID in ccc("list", "--status", status).out


def test_status_tells_attempt_step_and_slowness(ccc: Ccc, service: Service) -> None:
    """One look says which try this is and why, what is being done, and that it takes long."""
    stage = {"name": "copy", "started_at": "2026-11-23T12:00:26Z", "seconds": 90, "slow_seconds": 60}
    again = {"number": 2, "most": 3, "begun_again": "The disk."}
    service.add(
        instance(ID, status="installing", stage="copy", step="Copying extra files", stages=[stage], attempt=again)
    )
    lines = ccc("status", ID).out.splitlines()
    assert "Status: installing, copy (Copying extra files), much longer than usual" in lines
    assert "Attempt: 2 of 3, begun again: The disk." in lines


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"status": "failed"}, "Cost: 0.02 EUR in all, to the operator"),
        ({"status": "deleted"}, "Cost: 0.02 EUR in all, to the operator"),
        ({"status": "deleted", "running_at": "2026-11-23T12:10:00Z"}, "Cost: 0.02 EUR in all"),
    ],
)
def test_what_never_ran_costs_the_operator(ccc: Ccc, service: Service, ended: dict[str, str], said: str) -> None:
    """Beside "nothing was charged to you" stands whose the cost is."""
    service.add(instance(ID, cost={"so_far_eur": "0.02", "projected_eur": "0.02"}, **ended))
    assert said in ccc("status", ID).out.splitlines()
