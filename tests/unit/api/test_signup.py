"""`POST /instances` without a token: a stranger's signup, what it is answered and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.operations.advance import advance
from chalicelib.operations.save import LIVE
from chalicelib.operations.suppression import suppress
from tests.fakes.mailer import FakeMailer
from tests.fakes.services import LIMITS
from tests.unit.api.world import OPERATOR, SOURCE, Answer, Api, make_api, public_key

KEY = {"Idempotency-Key": "k-1"}
GUEST = "guest@example.com"


def sign_up(
    api: Api, *, headers: dict[str, Any] | None = None, source: str = SOURCE, token: str | None = None, **fields: Any
) -> Answer:
    """Sign up with good fields, or with others."""
    body = {"email": GUEST, "ssh_public_key": public_key(), **fields}
    return api.call("POST", "/instances", body, token=token, headers=headers, source=source)


def row_of(api: Api, answer: Answer) -> Instance:
    """The row behind an answer."""
    row = api.services.instances.get(answer.json["id"])
    assert row is not None
    return row


def mails(api: Api) -> list[str]:
    """The keys of the notices that left."""
    assert isinstance(api.services.mailer, FakeMailer)
    return [letter.message_id.partition(".")[2].partition("@")[0] for letter in api.services.mailer.sent]


def test_a_stranger_signs_up_and_is_told_to_read_the_mail(api: Api) -> None:
    """202 with the object, its place, and no manage token: that comes by mail, as does the confirmation."""
    answer = sign_up(api, hours=2)
    document = answer.json
    assert (answer.status, document["status"], document["ip"], document["expires_at"]) == (
        202,
        "unconfirmed",
        None,
        None,
    )
    assert answer.headers["location"] == document["links"]["self"]
    assert int(answer.headers["retry-after"]) > 0
    assert not {"manage_token", "email", "server_id", "cost"} & set(document)
    assert "ccc_" not in answer.text
    advance(api.services, document["id"])
    assert mails(api) == ["confirm"]
    assert api.services.instances.counters([LIVE]) == {LIVE: 0}


def test_hours_are_the_default_when_none_are_named(api: Api) -> None:
    """A signup without hours wishes for the default of the settings."""
    assert row_of(api, sign_up(api)).wish.hours == LIMITS.default_hours


def test_line_94_the_id_alone_opens_nothing(api: Api) -> None:
    """With the id from the answer and no token, or another one, nothing is shown or ended."""
    given = sign_up(api).json["id"]
    assert api.call("GET", f"/instances/{given}", token=None).status == 401
    assert api.call("GET", f"/instances/{given}", token="ccc_manage_" + "A" * 43).status == 404
    assert api.call("DELETE", f"/instances/{given}", token="ccc_confirm_" + "A" * 43).status == 404


@pytest.mark.parametrize("token", ["ccc_operator_wrong", "x"])
def test_a_wrong_token_is_no_stranger(api: Api, token: str) -> None:
    """Whoever sends a token that opens nothing is 401, and nothing is written."""
    before = api.table.contents()
    answer = sign_up(api, token=token)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert api.table.contents() == before


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic abc", ["Bearer a", "Bearer b"], ["Bearer " + OPERATOR, "Bearer " + OPERATOR]]
)
def test_an_unreadable_token_is_no_stranger(api: Api, header: Any) -> None:
    """An Authorization header that cannot be read is 401 and not a signup."""
    assert sign_up(api, headers={"Authorization": header}).status == 401


# Who has one already, and who may not.


def test_line_87_who_has_a_machine_is_answered_like_everybody(api: Api) -> None:
    """Status, headers and fields of the answer are those of a first signup; only the mail is another (line 87)."""
    first = sign_up(api)
    quota = f"quota#{row_of(api, first).owner}"
    api.services.instances.add(quota, 1, cap=None, expires_at=None)
    second = sign_up(api)
    assert (second.status, _plain(second)) == (first.status, _plain(first))
    assert set(second.headers) == set(first.headers)
    advance(api.services, second.json["id"])
    assert mails(api) == ["exists"]


def _plain(answer: Answer) -> str:
    return answer.text.replace(answer.json["id"], "ID")


@pytest.mark.parametrize(
    ("policy", "address", "status"),
    [
        (SignupPolicy(kind=SignupKind.OPEN), GUEST, 202),
        (SignupPolicy(kind=SignupKind.ALLOWLIST, domains=("example.com",)), GUEST, 202),
        (SignupPolicy(kind=SignupKind.ALLOWLIST, domains=("example.org",)), GUEST, 403),
        (SignupPolicy(kind=SignupKind.CLOSED), GUEST, 403),
    ],
)
def test_the_policy_decides_on_strangers_alone(policy: SignupPolicy, address: str, status: int) -> None:
    """Who may not sign up is 403 `signup_closed`; an operator orders whatever the policy is."""
    api = make_api(limits=replace(LIMITS, signup=policy))
    answer = sign_up(api, email=address)
    assert answer.status == status
    assert status == 202 or answer.json["code"] == "signup_closed"
    assert sign_up(api, email=address, token=OPERATOR).status == 202


def test_line_48_a_throw_away_mailbox_is_refused(api: Api) -> None:
    """A domain of the library's list, one below it, and one that the operator named are 422 (line 48)."""
    api = make_api(edge={"refused_domains": frozenset({"example.org"})})
    for address in ("x@mailinator.com", "x@a.mailinator.com", "x@example.org", "x@sub.example.org"):
        answer = sign_up(api, email=address)
        assert (answer.status, set(answer.json["errors"])) == (422, {"email"})
    assert sign_up(api, email="x@example.org", token=OPERATOR).status == 202


def test_line_52_a_suppressed_address_is_refused_without_a_reason(api: Api) -> None:
    """422 for the field, in words that do not tell what became of earlier mails (line 52)."""
    suppress(api.services, EmailAddress(value=GUEST))
    answer = sign_up(api)
    assert (answer.status, set(answer.json["errors"])) == (422, {"email"})
    assert "suppress" not in answer.text


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("Guest@Example.com", "Guest@example.com"),
        ("guest+x@example.com", "guest+x@example.com"),
        ("a.b@gmail.com", "a.b@gmail.com"),
        ("guest@b\u00fccher.de", "guest@xn--bcher-kva.de"),
    ],
)
def test_line_45_49_53_other_spellings_are_taken(api: Api, address: str, kept: str) -> None:
    """Case, plus-tags and dots are written to as they came, a domain of another script as `xn--`."""
    assert row_of(api, sign_up(api, email=address)).email == kept


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"email": "a@b"}, {"email"}),
        ({"email": None, "hours": 0}, {"email", "hours"}),
        ({"ssh_public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, {"ssh_public_key"}),
        ({"hours": 73}, {"hours"}),
        ({"server_type": "cax11"}, {"server_type"}),
        ({"location": "mars"}, {"location"}),
        ({"colour": "red"}, {"colour"}),
        ({"website": 7}, {"website"}),
    ],
)
def test_bad_fields_are_named_and_leave_nothing(api: Api, fields: dict[str, Any], named: set[str]) -> None:
    """Every field that is wrong is told at once, and nothing but the request is counted (invariant 17)."""
    before = api.table.contents()
    answer = sign_up(api, **fields)
    assert (answer.status, set(answer.json["errors"])) == (422, named)
    new = {key for key in api.table.contents() if key not in before}
    assert {key.split("#")[1] for key in new} <= {"request"}
    assert {key: text for key, text in api.table.contents().items() if key in before} == before


# When the service cannot.


@pytest.mark.parametrize(
    ("limits", "limit"),
    [({"max_live": 0}, "live"), ({"max_monthly_eur": 0}, "spend"), ({"max_creates_per_hour": 0}, "creates")],
)
def test_line_90_a_full_service_is_503_with_retry_after(limits: dict[str, Any], limit: str) -> None:
    """A cap that all share stands against a signup as it does against an order (line 90)."""
    answer = sign_up(make_api(limits=replace(LIMITS, **limits)))
    assert (answer.status, answer.json["code"], answer.json["limit"]) == (503, "limit", limit)
    assert int(answer.headers["retry-after"]) > 0


def test_a_paused_service_is_503_with_retry_after(api: Api) -> None:
    """The operator's switch."""
    stack = api.services.stack.get()
    assert stack is not None
    api.services.stack.write(replace(stack, paused=True), stack)
    answer = sign_up(api)
    assert (answer.status, answer.json["code"]) == (503, "paused")
    assert int(answer.headers["retry-after"]) > 0


def test_what_is_not_in_stock_is_409(api: Api) -> None:
    """The ordinary state of the market."""
    answer = sign_up(api, server_type="cx23")
    assert (answer.status, answer.json["code"]) == (409, "stock")


# The same again.


def test_line_24_the_same_key_and_body_give_the_same_answer(api: Api) -> None:
    """A repeat is 202 with the same body, and one row (line 24)."""
    key = public_key()
    first, again = (sign_up(api, headers=KEY, ssh_public_key=key) for _ in range(2))
    assert (again.status, again.json) == (202, first.json)


def test_line_24_the_answer_stays_when_the_machine_runs(api: Api) -> None:
    """Whoever holds the key alone sees no status, address or token of what has become of it."""
    key = public_key()
    first = sign_up(api, headers=KEY, ssh_public_key=key)
    row = row_of(api, first)
    put = api.put()
    grown: dict[str, Any] = {
        "status": Status.RUNNING,
        "machine": put.machine,
        "host_key": put.host_key,
        "choice": put.choice,
    }
    grown |= {"running_at": put.running_at, "expires_at": put.expires_at}
    api.services.instances.write(replace(row, **grown), before=row)
    again = sign_up(api, headers=KEY, ssh_public_key=key)
    assert (again.status, again.json) == (202, first.json)


def test_line_22_the_same_key_with_another_body_is_422(api: Api) -> None:
    """A key stands for one request (line 22)."""
    key = public_key()
    sign_up(api, headers=KEY, ssh_public_key=key, hours=2)
    answer = sign_up(api, headers=KEY, ssh_public_key=key, hours=3)
    assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("given", ["", " ", "k k", "k" * 256, "\u00e9"])
def test_line_21_a_bad_key_is_400(api: Api, given: str) -> None:
    """An Idempotency-Key is 1 to 255 visible ASCII characters (line 21)."""
    answer = sign_up(api, headers={"Idempotency-Key": given})
    assert (answer.status, answer.json["code"]) == (400, "bad_idempotency_key")


def test_an_operators_key_and_a_strangers_never_meet(api: Api) -> None:
    """The same key and body with and without a token are two instances, and the stranger sees no token."""
    key = public_key()
    ordered = sign_up(api, headers=KEY, ssh_public_key=key, token=OPERATOR)
    wished = sign_up(api, headers=KEY, ssh_public_key=key)
    again = sign_up(api, headers=KEY, ssh_public_key=key, token=OPERATOR)
    assert ordered.json["id"] != wished.json["id"]
    assert "manage_token" not in wished.json
    assert again.json == ordered.json


# Too often.


def test_line_86_the_eleventh_request_of_a_minute_is_429(api: Api) -> None:
    """Good and bad ones count, whatever is wrong with them; the wait that is told is enough (line 86)."""
    bodies: list[Any] = [b"", b"{", {"email": "x"}, {"colour": 1}, {"email": GUEST, "ssh_public_key": public_key()}]
    for body in bodies * 2:
        assert api.call("POST", "/instances", body, token=None).status in {202, 400, 415, 422}
    answer = sign_up(api)
    assert (answer.status, answer.json["code"]) == (429, "too_many_requests")
    wait = int(answer.headers["retry-after"])
    assert 1 <= wait <= 60
    assert sign_up(api, source="192.0.2.8").status == 202
    api.clock.advance(timedelta(seconds=wait))
    assert sign_up(api).status == 202


def test_line_89_the_eleventh_signup_of_an_hour_is_429(api: Api) -> None:
    """Ten wishes an hour are taken from one source, an IPv6 /64 being one (line 89)."""
    minute = timedelta(minutes=1)
    for number in range(10):
        api.clock.advance(minute)
        assert sign_up(api, email=f"g{number}@example.com", source=f"2001:db8::{number:x}").status == 202
    api.clock.advance(minute)
    answer = sign_up(api, source="2001:db8::ffff")
    assert answer.status == 429
    assert 60 < int(answer.headers["retry-after"]) <= 3600


@pytest.mark.parametrize("fields", [{}, {"email": "no address"}], ids=["signups", "bad requests"])
def test_line_25_a_forged_source_is_not_believed(api: Api, fields: dict[str, Any]) -> None:
    """X-Forwarded-For and its kin change nothing, neither for signups nor for requests (line 25)."""
    for number in range(10):
        forged = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"}
        sign_up(api, headers=forged, **fields)
    assert sign_up(api, headers={"X-Forwarded-For": "198.51.100.99"}).status == 429


def test_line_89_operators_and_readers_are_not_counted(api: Api) -> None:
    """Orders and looks have no such limit, also from a source that has used its own up (lines 86 and 89)."""
    for _ in range(11):
        answer = sign_up(api)
    assert answer.status == 429
    for _ in range(12):
        assert sign_up(api, token=OPERATOR).status == 202
        assert api.call("GET", "/types", token=None).status == 200


# Robots.


def test_line_91_a_robot_is_answered_like_a_person_and_leaves_nothing(api: Api) -> None:
    """With the unseen field filled in the whole table is as it was, but for the source's counter (line 91)."""
    person = sign_up(api, website="")
    before = api.table.contents()
    robot = sign_up(api, website="http://x.example", headers=KEY)
    after = api.table.contents()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert [key.split("#")[:2] for key in changed] == [["rate", "request"]]
    assert (robot.status, set(robot.json), set(robot.headers)) == (202, set(person.json), set(person.headers))
    assert {name for name in person.json if robot.json[name] != person.json[name]} == {"id", "name", "links"}
    assert api.call("GET", f"/instances/{robot.json['id']}").status == 404


def test_line_91_robots_use_up_their_sources_requests(api: Api) -> None:
    """They too are 429 at the eleventh."""
    answers = [sign_up(api, website="x").status for _ in range(11)]
    assert answers == [202] * 10 + [429]
