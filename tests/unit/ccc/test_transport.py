"""What is sent again and what is not, and what travels with every request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccc.api import Api
from ccc.errors import BadAnswer, CliError, Failed, Unreachable
from ccc.transport import Request, Transport
from tests.unit.ccc.service import RUNNING, TOKEN, Reply, Service, instance, problem

ID = "0123456789ab"
CUT = Reply(status=0, cut=True)
IN_FRONT = Reply(status=503, raw=b"<html>busy</html>", headers={"Content-Type": "text/html"})


@pytest.fixture
def transport(service: Service) -> Iterator[Transport]:
    """A transport to the running service."""
    opened = Transport(url=service.url, token=TOKEN)
    yield opened
    opened.close()


def test_what_every_request_carries(service: Service, transport: Transport) -> None:
    """The token travels in its header and nowhere else."""
    transport.send(Request(method="GET", path="/instances"))
    [asked] = service.asked
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["user-agent"].startswith("ccc/")
    assert TOKEN not in asked.path + str(asked.query)


@pytest.mark.parametrize("trouble", [CUT, IN_FRONT, Reply(status=502, raw=b""), Reply(status=504, raw=b"")])
@pytest.mark.parametrize(
    "request_", [Request(method="GET", path="/types"), Request(method="DELETE", path=f"/instances/{ID}")]
)
def test_safe_requests_are_sent_again(
    service: Service, transport: Transport, trouble: Reply, request_: Request
) -> None:
    """A lost answer, or one from something in front of the service, is asked for again."""
    service.add(instance(ID))
    service.reply_next(trouble, trouble)
    assert transport.send(request_).status in {200, 202}
    assert len(service.asked) == 3


@pytest.mark.parametrize(("trouble", "error"), [(CUT, Unreachable), (IN_FRONT, Failed)])
def test_an_unsafe_request_without_a_key_is_sent_once(
    service: Service, transport: Transport, trouble: Reply, error: type[CliError]
) -> None:
    """What may have had its effect and has no key is never sent twice."""
    service.reply_next(trouble)
    with pytest.raises(error):
        Api(transport).reap({})
    assert len(service.asked) == 1


def test_a_key_makes_a_post_repeatable(service: Service, transport: Transport) -> None:
    """An extension whose answer was lost is asked for again under the same key."""
    service.add(instance(ID, **RUNNING))
    service.reply_next(CUT)
    Api(transport).extend(ID, 4)
    assert [asked.body for asked in service.asked] == [{"hours": 4}] * 2
    assert len({asked.headers["idempotency-key"] for asked in service.asked}) == 1


def test_two_extensions_have_two_keys(service: Service, transport: Transport) -> None:
    """Asking twice on purpose gives twice."""
    service.add(instance(ID, **RUNNING))
    for _ in range(2):
        Api(transport).extend(ID, 4)
    assert len({asked.headers["idempotency-key"] for asked in service.asked}) == 2


def test_tries_come_to_an_end(service: Service, transport: Transport) -> None:
    """After four tries the last answer is what is reported."""
    service.reply_next(*[IN_FRONT] * 9)
    with pytest.raises(Failed, match="answered 503 and gave no reason"):
        transport.send(Request(method="GET", path="/types"))
    assert len(service.asked) == 4


def test_the_services_own_word_stands(service: Service, transport: Transport) -> None:
    """A problem document is not asked for twice, whatever Retry-After says."""
    refusal = problem(503, "paused", "New instances are switched off.")
    service.reply_next(Reply(status=503, document=refusal.document, headers={**refusal.headers, "Retry-After": "3600"}))
    with pytest.raises(CliError, match="switched off"):
        transport.send(Request(method="GET", path="/types"))
    assert len(service.asked) == 1


def test_redirects_are_not_followed(service: Service, transport: Transport) -> None:
    """A redirect is an error: the token belongs to the address it was given for."""
    service.reply_next(Reply(status=302, document={}, headers={"Location": f"{service.url}/types"}))
    with pytest.raises(Failed):
        transport.send(Request(method="GET", path="/instances"))
    assert len(service.asked) == 1


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff", b"{"])
def test_a_success_must_be_an_object(service: Service, transport: Transport, raw: bytes) -> None:
    """A success without a JSON object in it is not this service's answer."""
    service.reply_next(Reply(status=200, raw=raw))
    with pytest.raises(BadAnswer):
        transport.send(Request(method="GET", path="/types"))


@pytest.mark.parametrize("errors", ["text", 3, [1, {"field": "hours", "why": "too many"}], {"hours": ["too", "many"]}])
def test_field_errors_of_any_shape(service: Service, transport: Transport, errors: object) -> None:
    """However the fields' errors are written, there is an error in words and no traceback."""
    service.reply_next(problem(422, "invalid_input", "Not so.", errors=errors))
    with pytest.raises(CliError) as caught:
        transport.send(Request(method="GET", path="/types"))
    assert caught.value.lines()[0] == "Error: Not so."


def test_no_token_no_header(service: Service) -> None:
    """Without a token no Authorization header is made up."""
    transport = Transport(url=service.url, token=None)
    transport.send(Request(method="GET", path="/types"))
    transport.close()
    assert "authorization" not in service.asked[0].headers
