"""The keyring in SSM: one request, kept for minutes, read anew when something says that it is old, and never shown."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.ssm_keyring import SsmKeyring
from chalicelib.aws.client import AwsClient, Patience
from chalicelib.aws.parameters import GOOD_SECONDS, KEPT_SECONDS, PATIENCE, PAUSE_SECONDS
from chalicelib.domain.errors import NotFound, StoreUnavailable
from tests.contract.codebuild_answers import LOST, Answer, Answers, answering, document, refusal
from tests.contract.codebuild_house import REGION, aws_settings
from tests.contract.ssm_house import PATH, listed, moto_parameters, stage

DENIED = refusal("AccessDeniedException", "User is not authorized to perform: ssm:GetParametersByPath on …")


def random_secret() -> str:
    """32 bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def keys(*ids: str) -> dict[str, Any]:
    """A keyring's document with these secrets, the newest first."""
    made = [{"id": each, "secret": random_secret()} for each in ids]
    return {"secrets": made, "pepper": random_secret(), "operators": ["0" * 64]}


class Stage:
    """A keyring at a stand-in, and a clock that stands still."""

    def __init__(self, server: Answers, client: AwsClient) -> None:
        self.server = server
        self.seconds = 1000.0
        self.keyring = SsmKeyring(PATH, now=lambda: self.seconds)
        self.keyring._parameters._ssm = client

    def gives(self, *answers: Answer) -> SsmKeyring:
        """The keyring, which will get these answers."""
        self.server.prepared = list(answers)
        return self.keyring

    @property
    def looks(self) -> int:
        """How often SSM was asked."""
        return len(self.server.asked)


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Answers, AwsClient]]:
    """A server and a client of it, which takes longer to make than everything else here."""
    with answering(document()) as (server, url), aws_settings("SSM", url):
        client = AwsClient("ssm", Patience(tries=1), region=REGION)
        client.vendor()
        yield server, client


@pytest.fixture
def ssm(place: tuple[Answers, AwsClient]) -> Stage:
    """A keyring of its own at the shared stand-in."""
    place[0].asked = []
    return Stage(*place)


def test_everything_comes_of_one_request(ssm: Stage) -> None:
    """Keyring, token, password and URL are read at once, decrypted, and then known."""
    values = stage(keys("k1"), hetzner_token="token-1", smtp_password="word", public_url="https://ccc.example.org")
    keyring = ssm.gives(listed(values))
    assert keyring.newest() == "k1"
    assert len(keyring.pepper()) == len(keyring.secret("k1")) == 32
    assert (keyring.hetzner_token(), keyring.smtp_password()) == ("token-1", "word")
    assert keyring.public_url() == "https://ccc.example.org"
    assert ssm.server.asked == [("AmazonSSM.GetParametersByPath", {"Path": PATH, "WithDecryption": True})]


def test_pages_are_read_to_their_end(ssm: Stage) -> None:
    """A list that goes on is followed, also over an empty page."""
    keyring = ssm.gives(
        listed({"hetzner_token": "t"}, NextToken="1"), listed({}, NextToken="2"), listed({"smtp_password": "w"})
    )
    assert (keyring.hetzner_token(), keyring.smtp_password()) == ("t", "w")
    assert [asked.get("NextToken") for _, asked in ssm.server.asked] == [None, "1", "2"]


def test_a_list_without_an_end_is_no_answer(ssm: Stage) -> None:
    """A token that leads on for ever is StoreUnavailable, after a few pages."""
    with pytest.raises(StoreUnavailable, match="does not end"):
        ssm.gives(listed({}, NextToken="1")).newest()
    assert ssm.looks == 10


def test_moto_decrypts_and_pages_as_ssm_does() -> None:
    """More parameters than a page holds arrive in clear text, whichever of them are encrypted."""
    others = {f"other-{number}": str(number) for number in range(12)}
    with moto_parameters(**stage(keys("k1"), hetzner_token="t", public_url="https://x.example.org", **others)):
        keyring = SsmKeyring(PATH, region=REGION)
        assert (keyring.newest(), keyring.hetzner_token()) == ("k1", "t")
        assert keyring.public_url() == "https://x.example.org"


def test_z02_what_was_read_is_kept_for_five_minutes(ssm: Stage) -> None:
    """A rotation arrives after 5 minutes by itself, without a restart."""
    keyring = ssm.gives(listed({"hetzner_token": "old"}), listed({"hetzner_token": "new"}))
    assert keyring.hetzner_token() == "old"
    ssm.seconds += KEPT_SECONDS - 1
    assert (keyring.hetzner_token(), ssm.looks) == ("old", 1)
    ssm.seconds += 1
    assert (keyring.hetzner_token(), ssm.looks) == ("new", 2)


def test_z02_a_secret_that_is_not_known_is_looked_for_once_more(ssm: Stage) -> None:
    """A row made with a newer secret than ours is served at once."""
    old = keys("k1")
    newer = {**old, "secrets": [*keys("k2")["secrets"], *old["secrets"]]}
    keyring = ssm.gives(listed(stage(old)), listed(stage(newer)))
    assert keyring.newest() == "k1"
    ssm.seconds += PAUSE_SECONDS
    assert keyring.secret("k2") == base64.b64decode(newer["secrets"][0]["secret"])
    assert (keyring.newest(), ssm.looks) == ("k2", 2)


def test_a_secret_that_is_gone_is_not_asked_for_again_and_again(ssm: Stage) -> None:
    """It stays NotFound, at the price of one look in half a minute."""
    keyring = ssm.gives(listed(stage(keys("k1"))))
    for _ in range(5):
        with pytest.raises(NotFound):
            keyring.secret("gone")
    assert ssm.looks == 1
    ssm.seconds += PAUSE_SECONDS
    with pytest.raises(NotFound):
        keyring.secret("gone")
    assert ssm.looks == 2


def test_z02_a_fresh_look_says_whether_anything_changed(ssm: Stage) -> None:
    """`refresh` is True for another token, False for the same one, and False when the last look was a moment ago."""
    keyring = ssm.gives(listed({"hetzner_token": "old"}), listed({"hetzner_token": "new"}))
    assert keyring.hetzner_token() == "old"
    assert (keyring.refresh(), ssm.looks) == (False, 1)
    ssm.seconds += PAUSE_SECONDS
    assert keyring.refresh()
    assert keyring.hetzner_token() == "new"
    ssm.seconds += PAUSE_SECONDS
    assert (keyring.refresh(), ssm.looks) == (False, 3)


@pytest.mark.parametrize("answer", [LOST, DENIED, refusal("ThrottlingException", "Rate exceeded"), Answer(status=500)])
def test_a_moment_without_ssm_stops_nothing(ssm: Stage, answer: Answer) -> None:
    """What was right before is good for half an hour, with a look each half minute; then it is StoreUnavailable."""
    keyring = ssm.gives(listed({"hetzner_token": "t"}), answer)
    assert keyring.hetzner_token() == "t"
    ssm.seconds += KEPT_SECONDS
    assert [keyring.hetzner_token() for _ in range(3)] == ["t"] * 3
    assert ssm.looks == 2
    ssm.seconds += PAUSE_SECONDS
    assert (keyring.hetzner_token(), ssm.looks) == ("t", 3)
    ssm.seconds += GOOD_SECONDS
    with pytest.raises(StoreUnavailable):
        keyring.hetzner_token()


@pytest.mark.parametrize("answer", [LOST, DENIED])
def test_without_a_first_answer_there_are_no_secrets(ssm: Stage, answer: Answer) -> None:
    """Every question is StoreUnavailable, and the next one asks again."""
    keyring = ssm.gives(answer, answer, listed(stage(keys("k1"))))
    for question in (keyring.newest, keyring.refresh):
        with pytest.raises(StoreUnavailable):
            question()
        ssm.seconds += PAUSE_SECONDS
    assert keyring.newest() == "k1"


@pytest.mark.parametrize("name", ["keyring", "hetzner_token"])
def test_a_parameter_that_is_missing_is_named(ssm: Stage, name: str) -> None:
    """Before a stage is wholly deployed the sentence says what is not there; a password may be missing."""
    question = {"keyring": "newest"}.get(name, name)
    with pytest.raises(StoreUnavailable, match=f"{PATH}/{name}: it is written when a stage is deployed"):
        getattr(ssm.gives(listed({})), question)()
    assert ssm.keyring.smtp_password() == ""


def test_an_address_that_is_missing_is_looked_for_twice_a_minute(ssm: Stage) -> None:
    """It may be missing, which is no failure; once somebody has written it, half a minute brings it."""
    keyring = ssm.gives(listed({}), listed({"public_url": "https://ccc.example.org"}))
    assert (keyring.public_url(), keyring.public_url(), ssm.looks) == ("", "", 1)
    ssm.seconds += PAUSE_SECONDS
    assert (keyring.public_url(), ssm.looks) == ("https://ccc.example.org", 2)


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"secrets": []}', '{"secrets": [{"id": "a"}]}', "null"])
def test_a_document_that_is_none_is_unavailable(ssm: Stage, text: str) -> None:
    """StoreUnavailable, and the message quotes none of it."""
    with pytest.raises(StoreUnavailable, match="keyring cannot be read") as caught:
        ssm.gives(listed({"keyring": text})).pepper()
    assert text not in str(caught.value)


def test_i26_secrets_do_not_show(ssm: Stage) -> None:
    """Printing a keyring that was read shows no secret (invariant 26)."""
    document = keys("k1")
    keyring = ssm.gives(listed(stage(document, hetzner_token="made-up-token")))
    keyring.newest()
    shown = repr(vars(keyring)) + repr(vars(keyring._parameters))
    assert "made-up-token" not in shown
    assert document["pepper"] not in shown
    assert repr(base64.b64decode(document["pepper"])) not in shown
    assert json.dumps(document)[:40] not in shown


def test_requests_have_limits() -> None:
    """A cold start waits 1 s to connect and 3 s for an answer, twice at most: Lambda gives it ten seconds."""
    assert SsmKeyring(PATH)._parameters._ssm._patience == PATIENCE == Patience(connect=1, read=3, tries=2)
