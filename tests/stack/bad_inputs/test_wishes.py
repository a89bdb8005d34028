"""Lines 80 to 92: what may not be asked for, and what nobody may do too often."""

from __future__ import annotations

import time

import pytest

from chalicelib.domain.instance import Status
from chalicelib.domain.signup import CONFIRM_MAILS_PER_DAY
from chalicelib.domain.tokens import Purpose
from tests.stack.bad_inputs.inside import Written
from tests.stack.bad_inputs.rush import ALLOWED, LONGEST_HOUR, MINUTE, one_too_many
from tests.stack.bad_inputs.stranger import JSON, Stranger, new_email, new_source

RAW = '{{"email":"{email}","ssh_public_key":"{key}","hours":{hours}}}'


def mails_to(stranger: Stranger, address: str) -> list[str]:
    """The Message-IDs of all mails to an address."""
    status, listed = stranger.box.call("GET", "/mailbox/messages?limit=1000")
    assert status == 200
    return [str(each["message_id"]) for each in listed["messages"] if address in each["to"]]


def wait_for_mail(stranger: Stranger, address: str, beginning: str) -> None:
    """Wait until a mail whose Message-ID begins so has come to the address."""
    end = time.monotonic() + 90
    while not any(each.startswith(f"<{beginning}@") for each in mails_to(stranger, address)):
        assert time.monotonic() < end, (beginning, mails_to(stranger, address))
        time.sleep(0.05)


def owed(stranger: Stranger, instance_id: str) -> list[str]:
    """The kinds of mail that a wish ever owed."""
    return [str(each.kind) for each in stranger.inside.row(instance_id).notices]


@pytest.mark.parametrize("hours", ["0", "-1", "1.5", '"2"', "true", "null", "1e3", str(10**18), "[]", "{}", "1.0"])
def test_line_80_hours(stranger: Stranger, hours: str) -> None:
    """Hours are a whole number from 1 on, written as one."""
    wish = stranger.wish()
    before = stranger.inside.written()
    body = RAW.format(email=wish["email"], key=wish["ssh_public_key"], hours=hours).encode()
    document = stranger.ask("POST", "/instances", body, {"Content-Type": JSON}).is_problem(422, "invalid_input")
    assert set(document["errors"]) == {"hours"}
    assert stranger.inside.written() == before


@pytest.mark.parametrize("hours", [73, 168, 8760, 8761])
def test_line_81_too_many_hours(stranger: Stranger, hours: int) -> None:
    """More hours than the operator's cap are refused, and the cap itself is taken."""
    stranger.refused("hours", hours)
    stranger.taken(hours=72)


@pytest.mark.parametrize("name", ["nope", "CPX22", "cx22", "cax11", "", " cpx22"])
def test_line_82_no_such_type(stranger: Stranger, name: str) -> None:
    """A type that is unknown, no longer sold or of another architecture is refused, even if the operator lists it."""
    stranger.refused("server_type", name)


@pytest.mark.parametrize(
    "value", [["cpx22"], {"name": "cpx22"}, 7, None, "../cpx22", "cpx22/../../x", "x" * 65], ids=repr
)
def test_line_83_type_of_another_kind(stranger: Stranger, value: object) -> None:
    """A type is a short name: lists, objects, numbers and paths are none."""
    stranger.refused("server_type", value)


@pytest.mark.parametrize("name", ["ccx13", "ccx63", "cpx62"])
def test_line_84_type_outside_the_list(stranger: Stranger, name: str) -> None:
    """What the provider sells and the operator does not offer is refused."""
    stranger.refused("server_type", name)


def test_line_84_little_memory(stranger: Stranger) -> None:
    """A type with 2 GB, sold in two of the locations alone, is taken, with a note in the list of types."""
    stranger.taken(server_type="cpx11")
    types = {each["name"]: each for each in stranger.ask("GET", "/types").json["types"]}
    assert (types["cpx11"]["memory_gb"], types["cpx11"]["locations"]) == (2, ["ash", "hil"])
    assert "little memory" in types["cpx11"]["note"]


@pytest.mark.parametrize("value", ["mars1", "sin", "NBG1", "", ["nbg1"], None, "../nbg1"], ids=repr)
def test_line_85_no_such_location(stranger: Stranger, value: object) -> None:
    """A location that is unknown, or not the operator's, is refused."""
    stranger.refused("location", value)


@pytest.mark.parametrize("way", ["json", "form", "both"])
def test_line_86_eleventh_request_in_a_minute(stranger: Stranger, way: str) -> None:
    """The eleventh signup of one source within a minute is 429, good or bad, by JSON, by form or by both together."""
    last: list[str] = []

    def ask(source: str, number: int) -> int:
        form = way == "form" or (way == "both" and number % 2 == 1)
        said = stranger.form({"email": "a"}, source=source) if form else stranger.post({}, source=source)
        last[:] = [source, said.headers.get("retry-after", "")]
        return said.status

    before = stranger.inside.written()
    assert one_too_many(stranger, ask) == [422] * ALLOWED + [429]
    source, retry_after = last
    assert 1 <= int(retry_after) <= MINUTE
    stranger.post(stranger.wish(), source=source).is_problem(429, "too_many_requests")
    assert stranger.inside.written() == before
    assert stranger.ask("GET", "/types", source=source).status == 200
    operator = {"Content-Type": JSON, "Authorization": f"Bearer {stranger.box.variables()['CCC_TOKEN']}"}
    assert stranger.ask("POST", "/instances", b"{}", operator, source=source).status == 422


def test_line_87_second_instance_of_one_person(stranger: Stranger, consents: set[str]) -> None:
    """Who has a machine gets the same answer, an id that leads nowhere, and one mail a day that says so."""
    address = "line-87@example.com"
    first = stranger.taken(email=address)
    token = stranger.inside.token(first, Purpose.CONFIRM)
    wait_for_mail(stranger, address, f"{first}.confirm")
    assert stranger.ask("POST", f"/instances/{first}/confirm", token=token).status == 200
    consents.add(first)
    stranger.box.until(first, "running")  # so that what is counted stands still
    second, third = stranger.taken(email="Line-87+again@Example.com"), stranger.taken(email=address)
    assert (owed(stranger, second), owed(stranger, third)) == (["exists"], [])
    wait_for_mail(stranger, "Line-87+again@example.com", f"{second}.exists")
    stranger.box.advance_clock("61s")
    assert [stranger.box.show(each)["status"] for each in (second, third)] == ["unconfirmed", "unconfirmed"]
    about = mails_to(stranger, "ine-87")
    assert [each for each in about if third in each] == []
    assert [each for each in about if each.startswith(f"<{second}.")] == [each for each in about if ".exists@" in each]


def test_line_88_confirmation_mails_of_one_address(stranger: Stranger) -> None:
    """One mailbox gets at most five confirmation mails a day, from whatever sources and in whatever spelling."""
    made = [stranger.taken(email=f"line-88+{number}@example.com") for number in range(CONFIRM_MAILS_PER_DAY + 1)]
    assert [owed(stranger, each) for each in made] == [["confirm"]] * CONFIRM_MAILS_PER_DAY + [[]]
    for number, each in enumerate(made[:-1]):
        wait_for_mail(stranger, f"line-88+{number}@example.com", f"{each}.confirm")
    assert len(mails_to(stranger, "line-88+")) == CONFIRM_MAILS_PER_DAY


def test_line_89_eleventh_signup_in_an_hour(stranger: Stranger) -> None:
    """The eleventh wish of one source within any hour is 429; reading and confirming are not counted."""
    source = new_source()
    assert [_signup(stranger, source, number) for number in range(ALLOWED)] == [202] * ALLOWED
    for later in ("61s", "50m"):  # past the minute's limit, and past many a full hour
        stranger.box.advance_clock(later)
        before = stranger.inside.written()
        said = stranger.post(stranger.wish(), source=source)
        said.is_problem(429, "too_many_requests")
        assert 1 <= int(said.headers["retry-after"]) <= LONGEST_HOUR
        assert stranger.inside.written() == before
    assert stranger.ask("POST", "/instances/0123456789ab/confirm", token="x", source=source).status == 404


def _signup(stranger: Stranger, source: str, number: int) -> int:
    """One signup, by form or by JSON in turn."""
    wish = {name: str(value) for name, value in stranger.wish().items()}
    if number % 2:
        return stranger.form({**wish, "hours": "1"}, source=source).status
    return stranger.post(wish, source=source).status


def test_line_90_budget(stranger: Stranger) -> None:
    """When the month's money is set aside a signup is 503 with Retry-After, by JSON and by form, and writes nothing."""
    with stranger.inside.budget_spent():
        before = stranger.inside.written()
        said = stranger.post(stranger.wish())
        document = said.is_problem(503, "limit")
        shown = stranger.form({name: str(value) for name, value in stranger.wish(hours=1).items()})
        assert stranger.inside.written() == before
    assert (document["limit"], int(said.headers["retry-after"]) > 0) == ("spend", True)
    shown.is_page(503)
    assert int(shown.headers["retry-after"]) > 0


@pytest.mark.parametrize("way", ["json", "form"])
def test_line_91_honeypot(stranger: Stranger, way: str) -> None:
    """Whoever fills in the field that nobody sees is answered like everybody else, and nothing is written or mailed."""
    before = stranger.inside.written()
    wish = stranger.wish(website="https://example.com", hours=1)
    if way == "json":
        said, plain = stranger.post(wish), stranger.post(stranger.wish())
        assert said.json.keys() == plain.json.keys()
        assert stranger.inside.services.instances.get(said.json["id"]) is None
        written = Written(rows=before.rows + 1, live=before.live, spend=before.spend)
    else:
        said = stranger.form({name: str(value) for name, value in wish.items()})
        written = before
    assert said.status == 202
    assert stranger.inside.written() == written
    wait_for_mail(stranger, (later := new_email()), f"{stranger.taken(email=later)}.confirm")
    assert mails_to(stranger, str(wish["email"])) == []


def test_line_92_nothing_is_bought_before_yes(stranger: Stranger, consents: set[str]) -> None:
    """Until the link of the mail is used there is no server, no machine counted and no money set aside."""
    made = stranger.taken(hours=1)
    before = stranger.inside.written()
    token = stranger.inside.token(made, Purpose.CONFIRM)
    stranger.ask("GET", f"/confirm/{made}/{token}")
    stranger.ask("HEAD", f"/confirm/{made}/{token}")
    stranger.box.advance_clock("5m")
    assert f"cc-{made}" not in {str(server["name"]) for server in stranger.box.bill()}
    assert stranger.inside.row(made).status is Status.UNCONFIRMED
    assert stranger.inside.written() == before
    consents.add(made)
    confirmed = stranger.ask("POST", f"/instances/{made}/confirm", token=token)
    assert (confirmed.status, confirmed.json["manage_token"] != "") == (200, True)
    after = stranger.inside.written()
    assert (after.live, after.spend > before.spend) == (before.live + 1, True)
