"""The wiring: every scheme that the settings accept has an adapter, and the provider's budget is kept."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib import wiring
from chalicelib.adapters.codebuild_installer import CodebuildInstaller
from chalicelib.adapters.fargate_installer import FargateInstaller, FargateTask
from chalicelib.adapters.lambda_nudge import LambdaNudge
from chalicelib.adapters.ses_mailer import SesMailer
from chalicelib.adapters.smtp_mailer import SmtpMailer, SmtpServer, Tls
from chalicelib.config import SCHEMES, settings
from chalicelib.domain.errors import PublicUrlUnknown, RateLimited, StoreUnavailable
from chalicelib.domain.limits import PROVIDER_REQUESTS, PROVIDER_REQUESTS_FOR_CREATES, PROVIDER_REQUESTS_PER_HOUR
from chalicelib.operations.seldom import SeldomAlarms
from tests.contract.codebuild_answers import answering, refusal
from tests.contract.codebuild_house import aws_settings
from tests.contract.ssm_house import listed
from tests.fakes.clock import FakeClock
from tests.fakes.services import fake_services
from tests.unit.test_config import COMPLETE

PLACES = {
    "sqlite": "sqlite://{home}/ccc.db",
    "dynamodb": "dynamodb://ccc-test",
    "maildir": "maildir://{home}/mail",
    "smtp": "smtp://box@mail.example.org",
    "smtps": "smtps://box@mail.example.org",
    "process": "process://{home}/s.sock",
    "codebuild": "codebuild://ccc-test-builder",
    "fargate": "fargate://ccc/builder:7?subnets=subnet-0a1b",
    "file": "file://{home}/x",
    "system": "system:",
    "thread": "thread:",
    "ses": "ses://eu-central-1?configuration_set=ccc-test",
    "ssm": "ssm:///ccc/test",
    "lambda": "lambda://ccc-test-advance",
}


@pytest.mark.parametrize(("name", "scheme"), [(name, scheme) for name, known in SCHEMES.items() for scheme in known])
def test_every_scheme_has_an_adapter(name: str, scheme: str, tmp_path: Path) -> None:
    """What the settings accept can be wired, without asking anything over a network."""
    place = PLACES[scheme].format(home=tmp_path)
    made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db", name: place}))
    assert made.public_url == "http://localhost:8000"
    assert made.limits.types == ("cx23", "cpx22")


@pytest.mark.parametrize(
    ("place", "server"),
    [
        ("smtp://box@mail.example.org", SmtpServer(host="mail.example.org", port=587, tls=Tls.STARTTLS, user="box")),
        ("smtps://mail.example.org:4650", SmtpServer(host="mail.example.org", port=4650, tls=Tls.FROM_THE_START)),
        (
            "smtps://mail.example.org?ca=/ca",
            SmtpServer(host="mail.example.org", port=465, tls=Tls.FROM_THE_START, ca="/ca"),
        ),
        ("smtp://127.0.0.1:2525?tls=off", SmtpServer(host="127.0.0.1", port=2525, tls=Tls.OFF)),
    ],
)
def test_a_mail_server_is_what_its_url_says(place: str, server: SmtpServer, tmp_path: Path) -> None:
    """Scheme, user, host, port and options arrive, with the ports of the standards where none is given."""
    made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db", "CCC_MAIL": place}))
    assert isinstance(made.mailer, SmtpMailer)
    assert made.mailer._server == server


@pytest.mark.parametrize(
    ("options", "task"),
    [
        ("", FargateTask(cluster="ccc", definition="job:7", subnets=("subnet-0a", "subnet-0b"))),
        (
            "&security_groups=sg-0c,sg-0d&container=main&public_ip=off",
            FargateTask(
                cluster="ccc",
                definition="job:7",
                subnets=("subnet-0a", "subnet-0b"),
                security_groups=("sg-0c", "sg-0d"),
                container="main",
                public_ip=False,
            ),
        ),
    ],
)
def test_a_task_on_fargate_is_what_its_url_says(options: str, task: FargateTask, tmp_path: Path) -> None:
    """Cluster, task definition, container and network arrive."""
    place = f"fargate://ccc/job:7?subnets=subnet-0a,subnet-0b{options}"
    made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db", "CCC_BUILDER": place}))
    assert isinstance(made.installer, FargateInstaller)
    assert made.installer._task == task
    assert isinstance(made.installer._alarms, SeldomAlarms)


def test_a_project_of_codebuild_is_the_host_of_its_url(tmp_path: Path) -> None:
    """The project's name arrives."""
    place = {"CCC_STORE": f"sqlite://{tmp_path}/a.db", "CCC_BUILDER": "codebuild://Ccc-builder"}
    made = wiring.services(settings({**COMPLETE, **place}))
    assert isinstance(made.installer, CodebuildInstaller)
    assert made.installer._project == "Ccc-builder"
    assert isinstance(made.installer._alarms, SeldomAlarms)


def test_the_password_of_the_mail_server_is_the_keyrings(tmp_path: Path) -> None:
    """It is read from the keyring's file when it is asked for, and is nowhere in the settings."""
    keyring, password = tmp_path / "keyring", secrets.token_urlsafe(12)
    places = {"CCC_STORE": f"sqlite://{tmp_path}/a.db", "CCC_KEYRING": f"file://{keyring}"}
    made = wiring.services(settings({**COMPLETE, **places, "CCC_MAIL": "smtp://box@mail.example.org"}))
    assert isinstance(made.mailer, SmtpMailer)
    keyring.write_text(
        json.dumps({"secrets": [{"id": "a", "secret": ""}], "pepper": "", "operators": [], "smtp_password": password})
    )
    assert made.mailer._password() == password


CLOUD = {"CCC_KEYRING": "ssm:///ccc/test", "CCC_PUBLIC_URL": "ssm:///ccc/test/public_url"}


def test_mail_by_ses_is_what_its_url_says(tmp_path: Path) -> None:
    """The region and the configuration set arrive, and the function that nudges invoke."""
    places = {"CCC_STORE": f"sqlite://{tmp_path}/a.db", "CCC_NUDGE": "lambda://ccc-test-advance"}
    made = wiring.services(settings({**COMPLETE, **places, "CCC_MAIL": "ses://eu-west-1?configuration_set=c"}))
    assert isinstance(made.mailer, SesMailer)
    assert (made.mailer._set, made.mailer._ses._region) == ("c", "eu-west-1")
    assert isinstance(made.nudge, LambdaNudge)
    assert made.nudge._function == "ccc-test-advance"


def test_the_public_url_of_a_stage_comes_with_its_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request to SSM at the start brings the address, the secrets and the provider's token."""
    values = {"public_url": "https://a1.execute-api.eu-central-1.amazonaws.com/api/", "hetzner_token": "t"}
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with answering(listed(values)) as (server, url), aws_settings("SSM", url):
        made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db", **CLOUD}))
        assert len(made.servers.token_fingerprint()) == 16
        assert made.public_url == "https://a1.execute-api.eu-central-1.amazonaws.com/api"
        assert made.letters._contents.find_url() == made.public_url  # type: ignore[attr-defined]  # the adapter's own
    assert server.operations == ["GetParametersByPath"]


@pytest.mark.parametrize("stored", ["", "localhost", "https://user@example.org"])
def test_a_stage_starts_without_its_public_url(stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody has written it, or it is no address, whoever needs it is told so, and everybody else works."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    values = {"hetzner_token": "t", **({"public_url": stored} if stored else {})}
    with answering(listed(values)) as (_, url), aws_settings("SSM", url):
        made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db", **CLOUD}))
        assert len(made.servers.token_fingerprint()) == 16
        with pytest.raises(PublicUrlUnknown):
            assert made.public_url


def test_a_stage_that_cannot_read_its_secrets_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function without SSM could do nothing at all: it says so at once, and its next start asks again."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    denied = refusal("AccessDeniedException", "no")
    with answering(denied) as (_, url), aws_settings("SSM", url), pytest.raises(StoreUnavailable):
        wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db", **CLOUD}))


def test_letters_are_answered_by_the_operator(tmp_path: Path) -> None:
    """`CCC_MAIL_OPERATOR` is who answers, and without it nobody is named."""
    place = {"CCC_STORE": f"sqlite://{tmp_path}/a.db"}
    made = wiring.services(settings({**COMPLETE, **place, "CCC_MAIL_OPERATOR": "Desk <desk@example.org>"}))
    assert str(made.letters._reply_to) == "Desk <desk@example.org>"  # type: ignore[attr-defined]  # the adapter's own
    made = wiring.services(settings({**COMPLETE, **place}))
    assert made.letters._reply_to is None  # type: ignore[attr-defined]  # same


def test_letters_are_sent_from_the_senders_domain(tmp_path: Path) -> None:
    """A Message-ID ends in the domain of the configured sender."""
    made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db"}))
    assert made.letters._domain == "example.org"  # type: ignore[attr-defined]  # the adapter's own


def test_the_last_tenth_of_the_budget_is_for_creates() -> None:
    """Looks stop before the hour's requests are used up; creates may use them all; then an hour has to pass."""
    clock = FakeClock()
    instances = fake_services(clock=clock).instances
    key = PROVIDER_REQUESTS.key(clock.now())
    spent = PROVIDER_REQUESTS_PER_HOUR - PROVIDER_REQUESTS_FOR_CREATES - 1
    instances.add(key, spent, cap=None, expires_at=None)
    wiring.spend_provider_request(instances, clock, creates_server=False)
    with pytest.raises(RateLimited) as caught:
        wiring.spend_provider_request(instances, clock, creates_server=False)
    assert caught.value.data["retry_after"] == 4200
    for _ in range(PROVIDER_REQUESTS_FOR_CREATES):
        wiring.spend_provider_request(instances, clock, creates_server=True)
    with pytest.raises(RateLimited):
        wiring.spend_provider_request(instances, clock, creates_server=True)
    clock.advance(timedelta(minutes=70, seconds=-1))
    with pytest.raises(RateLimited) as caught:
        wiring.spend_provider_request(instances, clock, creates_server=True)
    assert caught.value.data["retry_after"] == 1
    clock.advance(timedelta(seconds=1))
    wiring.spend_provider_request(instances, clock, creates_server=False)
