"""The instance object: what is shown in which status, and how a build's progress is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.build import BuildRecord, Cause, Outcome, Phase, PhaseStart
from chalicelib.domain.durations import BuildTimes, PhaseTimes
from chalicelib.domain.explanations import EXPLANATIONS
from chalicelib.domain.instance import Build, EndReason, Failure, Hold, Instance, Status, Wish
from chalicelib.domain.ssh_access import fingerprint
from chalicelib.operations.step import explain
from tests.fakes.clock import START
from tests.unit.api.world import ID, NOT_YET, Api, make_api

MINUTE = timedelta(minutes=1)


def shown(api: Api) -> dict[str, Any]:
    """The object as the operator sees it."""
    return api.call("GET", f"/instances/{ID}").json


def installing(api: Api, *phases: tuple[Phase, int], **changes: Any) -> Instance:
    """An instance whose builder has begun phases, each at a minute."""
    row = api.put(status=Status.INSTALLING, running_at=None, expires_at=None)
    begun = tuple(PhaseStart(phase=phase, started_at=START + minute * MINUTE) for phase, minute in phases)
    record = BuildRecord(instance_id=ID, attempt=1, nonce="n", claimed_at=START, phases=begun, **changes)
    api.put_build(row, record)
    return row


def test_a_running_machine_shows_the_way_in(api: Api) -> None:
    """A running machine has its address, a command a shell can run, the key to expect, and its time left."""
    row = api.put()
    document = shown(api)
    assert document["ssh_command"] == "ssh claude@192.0.2.10"
    assert document["host_key"]["known_hosts"] == f"192.0.2.10 {row.host_key}"
    assert document["host_key"]["fingerprint"] == fingerprint(row.host_key or "")
    assert (document["expires_at"], document["seconds_left"]) == ("2026-11-23T11:55:00Z", 115 * 60)
    assert document["extension"] == {"hours_left": 166}
    assert document["stage"] is None


def test_another_port_is_in_every_line() -> None:
    """Where machines answer on another port, the command and the known_hosts line name it."""
    api = make_api(ssh_port=2222)
    row = api.put()
    document = shown(api)
    assert document["ssh_command"] == "ssh -p 2222 claude@192.0.2.10"
    assert document["host_key"]["known_hosts"] == f"[192.0.2.10]:2222 {row.host_key}"


def test_seconds_left_do_not_go_below_zero(api: Api) -> None:
    """A machine that is late to be deleted has no time left, not less than none."""
    api.put()
    api.clock.advance(timedelta(hours=3))
    assert shown(api)["seconds_left"] == 0


def test_a_waiting_instance_is_queued(api: Api) -> None:
    """Before a builder is there, the stage is `queued` and nothing is known of a machine."""
    api.put(status=Status.REQUESTED, wish=Wish(hours=1, server_type="cx23"), **NOT_YET)
    document = shown(api)
    assert (document["stage"], document["server_type"], document["location"]) == ("queued", "cx23", None)
    assert [
        document[name] for name in ("ip", "ssh_command", "host_key", "expires_at", "seconds_left", "extension")
    ] == [None] * 6


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ({"step": "Copying extra files"}, "Copying extra files"),
        ({}, None),
        ({"step": "Copying extra files", "outcome": Outcome.READY, "reported_at": START}, None),
    ],
    ids=["at it", "without a word", "after its end"],
)
def test_a_build_shows_what_it_is_doing_within_its_stage(api: Api, said: dict[str, Any], step: str | None) -> None:
    """The step is the builder's last word on the newest phase; null where it said none, and once it has ended."""
    installing(api, (Phase.COPY, 0), **said)
    assert (shown(api)["stage"], shown(api)["step"]) == ("copy", step)


def test_a_builder_that_has_said_nothing_has_no_stage(api: Api) -> None:
    """Between the purchase and the builder's first word, the stage is null."""
    api.put(status=Status.CREATING, running_at=None, expires_at=None)
    assert (shown(api)["stage"], shown(api)["stages"]) == (None, [])


def test_stages_are_told_with_their_seconds(api: Api) -> None:
    """Each phase lasts until the next begins, and the newest until now."""
    installing(api, (Phase.SSH, 1), (Phase.KEXEC, 2), (Phase.INSTALL, 5))
    api.clock.advance(7 * MINUTE)
    document = shown(api)
    assert document["stage"] == "install"
    assert [(each["name"], each["seconds"]) for each in document["stages"]] == [
        ("ssh", 60),
        ("kexec", 180),
        ("install", 120),
    ]
    assert document["stages"][0]["started_at"] == "2026-11-23T10:01:00Z"
    assert document["ssh_command"] is None


def test_the_last_stage_stops_with_the_outcome(api: Api) -> None:
    """Once the builder has told how it ended, no phase grows any more."""
    installing(api, (Phase.SSH, 1), outcome=Outcome.READY, reported_at=START + 3 * MINUTE)
    api.clock.advance(60 * MINUTE)
    assert shown(api)["stages"][0]["seconds"] == 120


def test_a_new_stage_gives_another_tag(api: Api) -> None:
    """Progress of the build moves the tag, although the row stays as it was."""
    row = installing(api, (Phase.SSH, 1))
    first = api.call("GET", f"/instances/{ID}").headers["etag"]
    record = api.services.instances.get_build(ID, 1)
    stored = api.services.instances.get(ID)
    assert record is not None
    assert stored is not None
    assert row.id == stored.id
    more = replace(record, phases=(*record.phases, PhaseStart(phase=Phase.KEXEC, started_at=START + 2 * MINUTE)))
    api.services.instances.write_build(more, before=record)
    assert api.call("GET", f"/instances/{ID}").headers["etag"] != first


@pytest.mark.parametrize(
    ("wish", "note"),
    [
        (Wish(hours=1), "cpx32 was not to be had, so this is a cx23 in nbg1."),
        (Wish(hours=1, server_type="cx23"), None),
    ],
)
def test_a_fallback_is_said_aloud(wish: Wish, note: str | None) -> None:
    """When nobody named a type and it is not the operator's first, the object says so; a named type is never one."""
    base = make_api()
    limits = replace(base.services.limits, types=("cpx32", "cx23"))
    api = make_api(limits=limits)
    api.put(wish=wish)
    assert shown(api)["choice_note"] == note


def test_the_first_choice_needs_no_note(api: Api) -> None:
    """The operator's first type is no fallback."""
    api.put()
    assert shown(api)["choice_note"] is None


def test_what_is_gone_shows_no_address(api: Api) -> None:
    """Line 99: an ended instance is 200 with its reason, and without an address or a way in."""
    row = api.put(status=Status.DELETED, ended_at=START + timedelta(hours=2), end_reason=EndReason.EXPIRED)
    answer = api.call("GET", f"/instances/{ID}", token=api.manage_token(row))
    document = answer.json
    assert (answer.status, document["status"], document["end_reason"]) == (200, "deleted", "expired")
    assert [document[name] for name in ("ip", "ssh_command", "host_key", "seconds_left", "extension")] == [None] * 5


def test_a_failure_is_told_with_a_hint(api: Api) -> None:
    """A failed instance says why, and what to do next."""
    failure = Failure(code="stock", message="Nothing is in stock.", hint="Try another type.")
    api.put(status=Status.FAILED, ended_at=START, end_reason=EndReason.FAILED, failure=failure)
    guest = {"code": "stock", "message": "Nothing is in stock.", "hint": "Try another type."}
    row = api.services.instances.get(ID)
    assert row is not None
    assert api.call("GET", f"/instances/{ID}", token=api.manage_token(row)).json["failure"] == guest
    assert shown(api)["failure"] == {
        **guest,
        "operator_hint": EXPLANATIONS[Cause.STOCK].operator_hint,
        "detail": None,
    }


def test_an_operator_is_told_where_to_look_and_a_guest_is_not(api: Api) -> None:
    """The hint for the operator and the builder's own words are in no answer to a guest."""
    failed = explain(Cause.DISK)
    gone: dict[str, Any] = {"ended_at": START, "end_reason": EndReason.FAILED, "failure": failed}
    row = api.put(status=Status.FAILED, running_at=None, expires_at=None, **gone)
    detail = "sda is gone"
    record = BuildRecord(instance_id=ID, attempt=1, nonce="n", claimed_at=START, cause=Cause.DISK, detail=detail)
    api.put_build(row, record)
    told = shown(api)["failure"]
    assert (told["operator_hint"], told["detail"]) == (EXPLANATIONS[Cause.DISK].operator_hint, detail)
    guest = api.call("GET", f"/instances/{ID}", token=api.manage_token(row))
    assert set(guest.json["failure"]) == {"code", "message", "hint"}
    assert detail not in guest.text
    assert "CCC_" not in guest.text


def test_a_list_tells_the_operator_where_to_look_too(api: Api) -> None:
    """In the list there is the hint, and no build was read for it."""
    gone: dict[str, Any] = {"ended_at": START, "end_reason": EndReason.FAILED, "failure": explain(Cause.DISK)}
    api.put(status=Status.FAILED, running_at=None, expires_at=None, **gone)
    (listed,) = api.call("GET", "/instances?all=true").json["instances"]
    assert (listed["failure"]["operator_hint"], listed["failure"]["detail"]) == (
        EXPLANATIONS[Cause.DISK].operator_hint,
        None,
    )


def test_a_cause_of_another_release_is_shown_without_a_hint(api: Api) -> None:
    """What this release cannot explain it does not explain, and shows all the same."""
    failure = Failure(code="moon", message="The moon was full.", hint="Wait.")
    api.put(status=Status.FAILED, ended_at=START, end_reason=EndReason.FAILED, failure=failure)
    assert (shown(api)["failure"]["code"], shown(api)["failure"]["operator_hint"]) == ("moon", None)


def test_a_queued_order_is_shown_as_queued(api: Api) -> None:
    """A job that was started and does not run yet is the stage `queued`, of an instance without a machine."""
    waiting = Build(attempt=2, started_at=START, reference="job", unrun=1)
    api.put(status=Status.REQUESTED, **{**NOT_YET, "build": waiting})
    document = shown(api)
    assert (document["status"], document["stage"], document["ip"]) == ("requested", "queued", None)


def test_before_a_machine_exists_its_cost_is_what_is_set_aside(api: Api) -> None:
    """Nothing is billed yet; what the order may cost at most is projected."""
    api.put(status=Status.REQUESTED, holds=(Hold(month="202611", micro_eur=31_500),), **NOT_YET)
    assert shown(api)["cost"] == {"so_far_eur": "0.00", "projected_eur": "0.04"}


def test_the_log_of_the_newest_build_is_shown(api: Api) -> None:
    """The owner reads the end of the newest build's log; before there is one it is empty."""
    row = installing(api, (Phase.SSH, 1), log_tail="### Done! ###")
    answer = api.call("GET", f"/instances/{ID}/log", token=api.manage_token(row))
    first = {"number": 1, "most": 3, "begun_again": None}
    assert shown(api)["attempt"] == first
    assert (answer.status, answer.json) == (200, {"attempt": first, "log": "### Done! ###"})
    api.put(id="ffffffffffff", status=Status.REQUESTED, **NOT_YET)
    assert api.call("GET", "/instances/ffffffffffff/log").json == {"attempt": None, "log": ""}


def test_stages_are_told_beside_the_usual_and_the_slow_seconds(api: Api) -> None:
    """Once there are enough measures of a phase, its median and its slow end stand beside what it takes now."""
    measures = BuildTimes(
        phases=(
            PhaseTimes(phase=Phase.SSH, seconds=(50, 40, 60)),
            PhaseTimes(phase=Phase.KEXEC, seconds=(90, 91)),
        )
    )
    api.services.durations.write(measures, api.services.durations.get())
    installing(api, (Phase.SSH, 1), (Phase.KEXEC, 2))
    assert [(each["name"], each["usual_seconds"], each["slow_seconds"]) for each in shown(api)["stages"]] == [
        ("ssh", 50, 60),
        ("kexec", None, None),
    ]


def begun_again(api: Api, *records: BuildRecord, attempt: int, unrun: int = 0) -> dict[str, Any]:
    """The object of an instance in its later attempts, of which those before have said this."""
    build = Build(attempt=attempt, started_at=START, reference="job", unrun=unrun)
    row = api.put(status=Status.INSTALLING, running_at=None, expires_at=None, build=build)
    for record in records:
        api.put_build(row, record)
        stored = api.services.instances.get(ID)
        assert stored is not None
        row = stored
    return shown(api)


def ended(attempt: int, cause: Cause | None) -> BuildRecord:
    """What an attempt has said that failed while it copied."""
    begun = (PhaseStart(phase=Phase.COPY, started_at=START),)
    outcome = None if cause is None else Outcome.FAILED
    return BuildRecord(
        instance_id=ID, attempt=attempt, nonce="n", claimed_at=START, phases=begun, outcome=outcome, cause=cause
    )


def test_the_first_attempt_was_not_begun_again(api: Api) -> None:
    """The object counts the tries from one, of three at most."""
    installing(api, (Phase.SSH, 1))
    assert shown(api)["attempt"] == {"number": 1, "most": 3, "begun_again": None}


@pytest.mark.parametrize(
    ("records", "unrun", "number", "cause"),
    [
        ((ended(1, Cause.COPY_FAILED),), 0, 2, Cause.COPY_FAILED),
        ((ended(1, None),), 0, 2, Cause.BUILDER_LOST),
        ((), 0, 2, Cause.NEVER_CLAIMED),
        ((ended(1, Cause.DISK),), 1, 2, Cause.DISK),
        ((ended(1, Cause.DISK), ended(2, Cause.TIMEOUT)), 0, 3, Cause.TIMEOUT),
    ],
    ids=["failed", "lost", "never claimed", "an unrun one between", "the third"],
)
def test_another_attempt_says_why_it_was_begun_again(
    api: Api, records: tuple[BuildRecord, ...], unrun: int, number: int, cause: Cause
) -> None:
    """It is told which try this is and why the one before came to nothing; that one's stages are no progress of it."""
    document = begun_again(api, *records, attempt=number + unrun, unrun=unrun)
    assert document["attempt"] == {"number": number, "most": 3, "begun_again": EXPLANATIONS[cause].message}
    assert (document["stage"], document["step"], document["stages"]) == (None, None, [])


@pytest.mark.parametrize(
    ("spoke", "newest", "unrun", "told"),
    [
        (2, 2, 0, {"number": 2, "most": 3, "begun_again": EXPLANATIONS[Cause.NEVER_CLAIMED].message}),
        (1, 2, 0, {"number": 1, "most": 3, "begun_again": None}),
        (2, 3, 1, {"number": 1, "most": 3, "begun_again": None}),
        (2, 2, 1, {"number": 1, "most": 3, "begun_again": None}),
    ],
    ids=["the second", "the next is silent", "one never ran before", "one never ran, and this is the newest"],
)
def test_a_log_says_which_try_it_is_of(api: Api, spoke: int, newest: int, unrun: int, told: dict[str, Any]) -> None:
    """It counts as the instance itself does: attempts that never ran are no tries, also before an older log."""
    begun_again(api, ended(spoke, None), attempt=newest, unrun=unrun)
    assert api.call("GET", f"/instances/{ID}/log").json == {"attempt": told, "log": ""}


def test_between_two_attempts_nothing_goes_on(api: Api) -> None:
    """From the failed outcome to the next attempt there is no present stage, and what was done stays to be read."""
    document = begun_again(api, ended(1, Cause.DISK), attempt=1)
    assert (document["stage"], [each["name"] for each in document["stages"]]) == (None, ["copy"])


def test_what_has_failed_says_how_often_it_was_tried(api: Api) -> None:
    """The number stays, and the reason is the failure's own."""
    build = Build(attempt=3, started_at=START, reference="job")
    failure: dict[str, Any] = {"ended_at": START, "end_reason": EndReason.FAILED, "failure": explain(Cause.DISK)}
    api.put(status=Status.FAILED, running_at=None, expires_at=None, build=build, **failure)
    assert shown(api)["attempt"] == {"number": 3, "most": 3, "begun_again": None}


@pytest.mark.parametrize(("query", "listed"), [("status=failed", 1), ("status=deleted", 0), ("", 0)])
def test_a_list_of_an_ended_status_needs_no_all(api: Api, query: str, listed: int) -> None:
    """Whoever names a status that only ended instances have wants to see those."""
    gone: dict[str, Any] = {"ended_at": START, "end_reason": EndReason.FAILED, "failure": explain(Cause.DISK)}
    api.put(status=Status.FAILED, running_at=None, expires_at=None, **gone)
    assert len(api.call("GET", f"/instances?{query}").json["instances"]) == listed
