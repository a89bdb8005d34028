"""The settings: what is read, what is refused, and that everything wrong is told at once without telling a secret."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.config import SCHEMES, ConfigError, settings
from chalicelib.domain.limits import Rounding
from chalicelib.domain.signup import SignupKind, SignupPolicy

VALIDATE = Path(__file__).resolve().parents[2] / "nix" / "lib" / "validate.nix"
COMPLETE = {
    "CCC_STORE": "sqlite:///home/box/ccc.db",
    "CCC_MAIL": "maildir:///home/box/mail",
    "CCC_MAIL_FROM": "Claude Code Cloud <box@example.org>",
    "CCC_BUILDER": "process:///home/box/supervisor.sock?slots=7",
    "CCC_KEYRING": "file:///home/box/keyring",
    "CCC_HETZNER_ENDPOINT": "http://127.0.0.1:8001/v1",
    "CCC_PUBLIC_URL": "http://localhost:8000/",
    "CCC_CLOCK": "file:///home/box/clock",
    "CCC_NUDGE": "thread:",
    "CCC_TYPES": "cx23, cpx22",
    "CCC_LOCATIONS": "nbg1,hel1",
    "CCC_MAX_LIVE": "50",
    "CCC_MAX_MONTHLY_EUR": "499.50",
}


def problems(**changes: str) -> tuple[str, ...]:
    """The problems of the complete settings with changes; an empty value takes a variable away."""
    with pytest.raises(ConfigError) as caught:
        settings({**COMPLETE, **changes})
    return caught.value.problems


def test_a_complete_environment_is_read() -> None:
    """Every variable arrives as the value it stands for, and what has a default takes it."""
    read = settings(COMPLETE)
    assert (read.store.scheme, read.store.path) == ("sqlite", "/home/box/ccc.db")
    assert read.builder.number("slots", 20) == 7
    assert read.public_url == "http://localhost:8000"
    assert read.limits.types == ("cx23", "cpx22")
    assert read.limits.max_monthly_eur == Decimal("499.50")
    assert (read.limits.default_hours, read.limits.max_hours, read.limits.max_life_hours) == (24, 72, 168)
    assert read.limits.rounding is Rounding.UP
    assert read.limits.max_creates_per_hour == 30
    assert (read.ssh_port, read.long_poll_seconds, read.limits.box_extend) == (22, 0, False)
    assert read.limits.signup == SignupPolicy(kind=SignupKind.CLOSED)


def test_nothing_at_all_is_told_at_once() -> None:
    """An empty environment names every variable that has no default, in one error."""
    with pytest.raises(ConfigError) as caught:
        settings({})
    named = {problem.split()[0] for problem in caught.value.problems}
    assert named == set(COMPLETE)


@pytest.mark.parametrize("name", ["CCC_STORE", "CCC_MAIL", "CCC_BUILDER", "CCC_KEYRING", "CCC_CLOCK", "CCC_NUDGE"])
def test_an_unknown_scheme_is_named(name: str) -> None:
    """A place of a kind that this release has no adapter for is a problem that names the variable and what is known."""
    (problem,) = problems(**{name: "quux://somewhere"})
    assert problem.startswith(name)
    assert all(f"{scheme}:" in problem for scheme in SCHEMES[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CCC_PUBLIC_URL", "localhost:8000"),
        ("CCC_PUBLIC_URL", "https://user:pass@example.org"),
        ("CCC_HETZNER_ENDPOINT", "ftp://example.org"),
        ("CCC_MAIL_FROM", "nobody"),
        ("CCC_MAIL_FROM", "a@example.org\nBcc: b@example.org"),
        ("CCC_MAX_LIVE", "many"),
        ("CCC_MAX_LIVE", "-1"),
        ("CCC_MAX_MONTHLY_EUR", "NaN"),
        ("CCC_MAX_MONTHLY_EUR", "-5"),
        ("CCC_MAX_MONTHLY_EUR", "five"),
        ("CCC_DEFAULT_HOURS", "73"),
        ("CCC_DEFAULT_HOURS", "0"),
        ("CCC_MAX_HOURS", "169"),
        ("CCC_LEASE_ROUNDING", "sideways"),
        ("CCC_BOX_EXTEND", "maybe"),
        ("CCC_SSH_PORT", "65536"),
        ("CCC_STORE", "sqlite:ccc.db"),
        ("CCC_STORE", "dynamodb:"),
        ("CCC_BUILDER", "process:///s.sock?slots=many"),
        ("CCC_TYPES", ","),
        ("CCC_TYPES", "cx23,cx23"),
        ("CCC_LOCATIONS", "nbg1,../hel1;"),
        ("CCC_SIGNUP", "allowlist:"),
        ("CCC_SIGNUP", "everybody"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    """A value that does not fit is one problem, which begins with the variable's name."""
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} ")


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("https://Claude.example.org", "https://Claude.example.org"),
        ("https://ccc.example.org:8443/prod/", "https://ccc.example.org:8443/prod"),
        ("https://a1b2.execute-api.eu-central-1.amazonaws.com/api", None),
        ("https://xn--exmple-cua.example.org", None),
        ("http://127.0.0.1:40123", None),
        ("http://localhost", None),
        ("http://web_1:80/~me/v1.0", None),
        ("https://[2001:db8::1]", None),
        ("http://[::ffff:192.0.2.1]:8000/api", None),
        ("https://example.org/" + "a" * (500 - len("https://example.org/")), None),
    ],
)
def test_a_plain_address_is_taken(value: str, read_as: str | None) -> None:
    """Names, IPv4, IPv6, ports and paths; what is taken here is taken in a machine's record too."""
    read = settings({**COMPLETE, "CCC_PUBLIC_URL": value}).public_url
    assert read == (read_as or value)
    assert _url_rule_of_records().fullmatch(read)


@pytest.mark.parametrize(
    "value",
    [
        "HTTPS://Claude.example.org",
        "Http://example.org",
        "https://",
        "https:///path",
        "https://exämple.org",
        "https://\N{CYRILLIC SMALL LETTER A}.example.org",
        "https://example\N{FULLWIDTH FULL STOP}org",
        "https://example.org/a%20b",
        "https://example.org/a+b",
        "https://example.org/a,b",
        "https://example.org/$HOME",
        "https://example.org/${x}",
        "https://$(id).example.org",
        "https://example.org/a'b",
        'https://example.org/"',
        "https://example.org/`id`",
        "https://example.org/a b",
        "https://example.org /a",
        "https://example.org/a\tb",
        "https://example.org/\nHost: x",
        "https://example.org/\x00",
        "https://example.org\\a",
        "https://example.org/a//b",
        "https://example.org/../a",
        "https://example.org?x=1",
        "https://example.org/#top",
        "https://user@example.org",
        "https://-o.example.org",
        "https://example.org:",
        "https://example.org:0",
        "https://example.org:65536",
        "https://example.org:port",
        "https://[::1",
        "https://::1",
        "https://[]",
        "https://[::::]",
        "https://[fe80::1%25eth0]",
        "https://[2001:db8::1]x",
        "https://example.org/" + "a" * (501 - len("https://example.org/")),
        "https://" + "a" * 100_000,
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_an_address_that_is_not_plain_is_refused(value: str) -> None:
    """What a machine's record would refuse, or a shell mistake, is one problem before anything starts."""
    (problem,) = problems(CCC_PUBLIC_URL=value)
    assert problem.startswith("CCC_PUBLIC_URL must be a plain address: ")
    assert value == "https://" or value not in problem


def _url_rule_of_records() -> re.Pattern[str]:
    """The rule that the machines' configuration has for the service's address."""
    found = re.search(r'urlProblem =\s+shaped "([^"]+)"', VALIDATE.read_text())
    assert found is not None
    # A bracket that POSIX takes as it is must be escaped for Python.
    return re.compile(found[1].replace("[][", r"[\]\["))


def test_a_refused_value_is_not_repeated() -> None:
    """What stands in the wrong place may be a secret, so the message does not hold it."""
    (problem,) = problems(CCC_MAX_LIVE="ccc_operator_abcdef")
    assert "ccc_operator_abcdef" not in problem


@pytest.mark.parametrize(
    "value",
    [
        "smtp://mail.example.org",
        "smtp://box%40example.org@mail.example.org:587",
        "smtps://box@mail.example.org:465?ca=/etc/ssl/ours.pem",
        "smtps://[2001:db8::25]",
        "smtp://127.0.0.1:2525?tls=off",
        "smtp://127.77.0.1?tls=off",
        "smtp://[::1]:2525?tls=off",
        "smtp://localhost:2525?tls=off",
    ],
)
def test_a_mail_server_is_taken(value: str) -> None:
    """TLS with or without a login, and plain text on this machine."""
    assert settings({**COMPLETE, "CCC_MAIL": value}).mail.scheme in {"smtp", "smtps"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("smtp:", "host"),
        ("smtp://box@", "host"),
        ("smtp://mail..example.org-", "host"),
        ("smtp://mail.exämple.org", "host"),
        ("smtp://mail.example.org:0", "host"),
        ("smtp://mail.example.org:70000", "URL"),
        ("smtp://b%0d%0aox@mail.example.org", "user"),
        ("smtp://b%C3%B6x@mail.example.org", "user"),
        ("smtps://mail.example.org/inbox", "options"),
        ("smtp://mail.example.org?starttls=off", "options"),
        ("smtp://mail.example.org?ca=ours.pem", "absolute"),
        ("smtp://127.0.0.1?tls=no", "no other word"),
        ("smtps://127.0.0.1?tls=off", "no other word"),
        ("smtp://mail.example.org?tls=off", "this machine"),
        ("smtp://127.0.0.1.example.org?tls=off", "this machine"),
        ("smtp://0.0.0.0?tls=off", "this machine"),
        ("smtp://box@127.0.0.1?tls=off", "plain text"),
        ("smtp://127.0.0.1?tls=off&ca=/ca.pem", "no use"),
    ],
)
def test_a_mail_server_that_is_not_safe_or_not_one_is_refused(value: str, said: str) -> None:
    """One problem, which says what to change."""
    (problem,) = problems(CCC_MAIL=value)
    assert problem.startswith("CCC_MAIL ")
    assert said in problem


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_servers_password_belongs_into_the_keyring(scheme: str) -> None:
    """In the URL it is refused, and the sentence says where it goes without repeating it."""
    (problem,) = problems(CCC_MAIL=f"{scheme}://box:s3cr3t@mail.example.org")
    assert "keyring" in problem
    assert "smtp_password" in problem
    assert "s3cr3t" not in problem


@pytest.mark.parametrize(
    "value",
    [
        "codebuild://ccc-prod-builder",
        "codebuild://Builder_2",
        "fargate://ccc/builder?subnets=subnet-0a1b",
        "fargate://ccc/builder:7?subnets=subnet-0a1b,subnet-0c2d&security_groups=sg-0e3f&container=job&public_ip=off",
    ],
)
def test_a_builder_in_the_cloud_is_taken(value: str) -> None:
    """A CodeBuild project, and a task on Fargate with its network; such a builder has 7 minutes to claim."""
    read = settings({**COMPLETE, "CCC_BUILDER": value})
    assert read.builder.scheme == value.partition(":")[0]
    assert read.limits.claim_within == timedelta(minutes=7)


@pytest.mark.parametrize(
    "value",
    [
        "codebuild:",
        "codebuild:///ccc-prod-builder",
        "codebuild://ccc prod",
        "codebuild://-builder",
        "codebuild://builder/release",
        "codebuild://key:secret@builder",
        "codebuild://builder?slots=3",
        "fargate://ccc/builder",
        "fargate://ccc?subnets=subnet-0a1b",
        "fargate:///builder?subnets=subnet-0a1b",
        "fargate://ccc/builder/7?subnets=subnet-0a1b",
        "fargate://ccc/builder:0?subnets=subnet-0a1b",
        "fargate://ccc/builder?subnets=subnet-0a1b,",
        "fargate://ccc/builder?subnets=vpc-0a1b",
        "fargate://ccc/builder?subnets=subnet-0a1b&security_groups=subnet-0a1b",
        "fargate://ccc/builder?subnets=subnet-0a1b&public_ip=yes",
        "fargate://ccc/builder?subnets=subnet-0a1b&region=eu-central-1",
        "fargate://key:secret@ccc/builder?subnets=subnet-0a1b",
    ],
)
def test_a_builder_in_the_cloud_that_is_none_is_refused(value: str) -> None:
    """One problem, which says what belongs there and repeats nothing of the value."""
    (problem,) = problems(CCC_BUILDER=value)
    assert problem.startswith("CCC_BUILDER needs ")
    assert "secret" not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CCC_MAIL", "ses://eu-central-1"),
        ("CCC_MAIL", "ses://us-gov-west-1?configuration_set=ccc-prod"),
        ("CCC_KEYRING", "ssm:///ccc/prod"),
        ("CCC_KEYRING", "ssm:///a.b/c-d/e_f"),
        ("CCC_NUDGE", "lambda://ccc-prod-advance"),
    ],
)
def test_a_place_in_the_cloud_is_taken(name: str, value: str) -> None:
    """A region of SES, a path of parameters, a function."""
    read = settings({**COMPLETE, name: value})
    place = {"CCC_MAIL": read.mail, "CCC_KEYRING": read.keyring, "CCC_NUDGE": read.nudge}[name]
    assert place.scheme == value.partition(":")[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CCC_MAIL", "ses:"),
        ("CCC_MAIL", "ses://frankfurt"),
        ("CCC_MAIL", "ses://eu-central-1/inbox"),
        ("CCC_MAIL", "ses://eu-central-1:587"),
        ("CCC_MAIL", "ses://key:secret@eu-central-1"),
        ("CCC_MAIL", "ses://eu-central-1?configuration_set=a%20b"),
        ("CCC_MAIL", "ses://eu-central-1?set=ccc"),
        ("CCC_KEYRING", "ssm:"),
        ("CCC_KEYRING", "ssm:///"),
        ("CCC_KEYRING", "ssm://ccc/prod"),
        ("CCC_KEYRING", "ssm:///ccc/prod/"),
        ("CCC_KEYRING", "ssm:///ccc//prod"),
        ("CCC_KEYRING", "ssm:///aws/prod"),
        ("CCC_KEYRING", "ssm:///ccc/prod?region=eu"),
        ("CCC_NUDGE", "lambda:"),
        ("CCC_NUDGE", "lambda://a.b"),
        ("CCC_NUDGE", "lambda://ccc-prod-advance/live"),
        ("CCC_NUDGE", "lambda://ccc-prod-advance:7"),
    ],
)
def test_a_place_in_the_cloud_that_is_none_is_refused(name: str, value: str) -> None:
    """One problem, which says what belongs there and repeats nothing of the value."""
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} needs ")
    assert "secret" not in problem


def test_the_public_url_may_be_a_parameter_beside_the_keyrings() -> None:
    """Then it is not known yet, and whoever makes the services asks the keyring for it."""
    cloud = {"CCC_KEYRING": "ssm:///ccc/prod", "CCC_PUBLIC_URL": "ssm:///ccc/prod/public_url"}
    assert settings({**COMPLETE, **cloud}).public_url is None


@pytest.mark.parametrize(
    ("keyring", "url"),
    [
        ("ssm:///ccc/prod", "ssm:///ccc/dev/public_url"),
        ("ssm:///ccc/prod", "ssm:///ccc/prod/url"),
        ("ssm:///ccc/prod", "ssm:///ccc/prod/public_url?x=1"),
        ("ssm:///ccc/prod", "ssm://ccc/prod/public_url"),
        ("file:///home/box", "ssm:///home/box/public_url"),
    ],
)
def test_the_public_url_is_no_other_parameter(keyring: str, url: str) -> None:
    """Only what comes with the keyring's own request can be had."""
    (problem,) = problems(CCC_KEYRING=keyring, CCC_PUBLIC_URL=url)
    assert problem.startswith("CCC_PUBLIC_URL must name the parameter public_url beneath the path of CCC_KEYRING")


def test_who_answers_letters_is_an_address_or_nobody() -> None:
    """With or without a name; without the setting nobody is named, and what is no address is one problem."""
    assert settings(COMPLETE).mail_operator is None
    assert settings({**COMPLETE, "CCC_MAIL_OPERATOR": "Desk <d@example.org>"}).mail_operator == "Desk <d@example.org>"
    for wrong in ("desk", "d@example.org\nBcc: x@example.org"):
        (problem,) = problems(CCC_MAIL_OPERATOR=wrong)
        assert problem.startswith("CCC_MAIL_OPERATOR must be an address")


def test_several_problems_come_together() -> None:
    """Three mistakes are three sentences of one error."""
    found = problems(CCC_STORE="", CCC_MAX_LIVE="x", CCC_SIGNUP="maybe")
    assert [problem.split()[0] for problem in found] == ["CCC_STORE", "CCC_MAX_LIVE", "CCC_SIGNUP"]


def test_the_host_of_a_place_keeps_its_capitals() -> None:
    """A table's name may have capitals, as those that CloudFormation makes."""
    assert settings({**COMPLETE, "CCC_STORE": "dynamodb://ccc-prod-Table-1A2B"}).store.host == "ccc-prod-Table-1A2B"


def test_a_password_is_never_printed() -> None:
    """The text of the settings shows *** where a place holds a password."""
    read = settings({**COMPLETE, "CCC_MAIL": "maildir://box:s3cr3t@host/mail"})
    assert "s3cr3t" not in repr(read)
    assert "box:***@host" in repr(read)


def test_a_child_process_must_claim_sooner() -> None:
    """Where builders are child processes, an attempt that has not claimed after two minutes is given up."""
    assert settings(COMPLETE).limits.claim_within == timedelta(minutes=2)


@pytest.mark.parametrize("place", ["smtp://me@mail.example.org:587", "ses://eu-central-1"])
def test_a_real_mail_server_needs_a_real_sender(place: str) -> None:
    """One box's own sender is at localhost, which no mail server of the world sends for."""
    wrong = {**COMPLETE, "CCC_MAIL": place, "CCC_MAIL_FROM": "cloud@localhost"}
    with pytest.raises(ConfigError, match="CCC_MAIL_FROM"):
        settings(wrong)
    assert settings({**wrong, "CCC_MAIL_FROM": "cloud@example.org"}).mail_from == "cloud@example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CCC_ORIGINS", "https://example.org/"),
        ("CCC_ORIGINS", "nonsense"),
        ("CCC_ORIGINS", "null"),
        ("CCC_REFUSED_DOMAINS", "https://x/y"),
    ],
)
def test_what_could_never_match_is_refused(name: str, value: str) -> None:
    """An origin with a slash or without a scheme, or a domain that is a URL, would be ignored without a word."""
    with pytest.raises(ConfigError, match=name):
        settings({**COMPLETE, name: value})


def test_origins_and_domains_are_kept_in_lower_case() -> None:
    """As browsers and addresses spell them."""
    read = settings({**COMPLETE, "CCC_ORIGINS": "https://Example.org:8443", "CCC_REFUSED_DOMAINS": "Example.net"})
    assert (read.origins, read.refused_domains) == (("https://example.org:8443",), frozenset({"example.net"}))
