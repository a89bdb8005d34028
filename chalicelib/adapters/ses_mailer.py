"""Letters through Amazon SES (API version 2), as the `Mailer` port: the raw message, once, and what became of it.

SES puts a Message-ID of its own on every letter, so a second copy cannot be recognised by ours; the letter carries the
tags `ccc-instance` and `ccc-notice` instead, which come back in what SES tells later of bounces and complaints. SES
promises to carry 7-bit messages, which our letters are; bytes are handed over as they are.

What goes wrong, and what becomes of it; botocore never tries again by itself, since SES knows no idempotency token:

* no connection, no credentials, throttled, a limit, paused, suspended, a domain that is not verified, any other 4xx:
  MailRefused with SES's name for it. A sandboxed account refuses unverified recipients as `MessageRejected`: the
  operator's matter, never the address's;
* SES says that it is the recipient's address that is no address, or is on a suppression list: AddressRefused. A text
  that may be about the sender is not held against the guest;
* a connection that broke, an answer that did not come in time, 5xx, an answer without an id: MailUnknown.

No error repeats SES's own text, which quotes addresses. After a silence SES is left in peace for a minute, so that a
hundred letters do not hold up the rows behind them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from chalicelib.aws.client import AwsClient, Patience
from chalicelib.aws.errors import Answered, AwsError, NotConfigured, NotReached
from chalicelib.domain.errors import AddressRefused, MailRefused, MailUnknown
from chalicelib.operations.ports import Letter

PATIENCE = Patience(connect=5, read=20, tries=1)

REST_SECONDS = 60.0
"""How long SES is left in peace when it was not reached or did not answer; letters are refused meanwhile."""

_NAMED = re.compile(r"<(?P<instance>[0-9a-f]{12})\.(?P<notice>[a-z0-9-]{1,200})@[^<>@\s]+>")
_SUPPRESSED = re.compile(r"suppression list|address blacklisted", re.IGNORECASE)
_NO_ADDRESS = re.compile(
    r"illegal address|missing final '@domain'|missing '@|local address (contains|starts|ends)"
    r"|domain (contains|starts|ends)|invalid domain name|user name is missing",
    re.IGNORECASE,
)
_ABOUT_A_FIELD = frozenset({"BadRequestException", "InvalidParameterValue", "MessageRejected"})


class SesMailer:
    """Sends in one region; with a configuration set, SES publishes what becomes of a letter to its destinations."""

    def __init__(
        self, region: str, configuration_set: str | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._set = configuration_set
        self._ses = AwsClient("sesv2", PATIENCE, region=region)
        self._now = now
        self._rest_until = 0.0

    def send(self, letter: Letter) -> None:
        """Send one letter; AddressRefused, MailRefused and MailUnknown mean what the port says."""
        if self._now() < self._rest_until:
            raise MailRefused("SES was not to be reached a moment ago.")
        try:
            answer = self._ses.call("send_email", **self._request(letter))
        except Answered as error:
            raise self._verdict(error, letter) from None
        except NotConfigured as error:
            raise MailRefused(f"Nothing can be sent to SES ({error.code}).", code=error.code) from None
        except NotReached as error:
            raise MailRefused(f"SES was not reached ({error.code}).", code=self._rest(error)) from None
        except AwsError as error:
            raise MailUnknown(f"SES may have taken the letter ({error.code}).", code=self._rest(error)) from None
        if not answer.get("MessageId"):
            raise MailUnknown("SES answered without the id of a letter.")

    def _request(self, letter: Letter) -> dict[str, Any]:
        request: dict[str, Any] = {
            "FromEmailAddress": letter.sender,
            "Destination": {"ToAddresses": [letter.to]},
            "Content": {"Raw": {"Data": letter.message}},
        }
        if self._set is not None:
            request["ConfigurationSetName"] = self._set
        if (named := _NAMED.fullmatch(letter.message_id)) is not None:
            request["EmailTags"] = [
                {"Name": "ccc-instance", "Value": named["instance"]},
                {"Name": "ccc-notice", "Value": named["notice"]},
            ]
        return request

    def _verdict(self, error: Answered, letter: Letter) -> MailRefused | MailUnknown:
        if error.broken:
            return MailUnknown(f"SES may have taken the letter ({error.code}).", code=self._rest(error))
        if error.code in _ABOUT_A_FIELD and _is_about_the_address(error.message, letter):
            return AddressRefused(f"SES says that the address takes no mail ({error.code}).", code=error.code)
        return MailRefused(f"SES did not take the letter ({error.code}).", code=error.code)

    def _rest(self, error: AwsError) -> str:
        """Leave SES in peace from now on; the error's code, for whoever tells of it."""
        self._rest_until = self._now() + REST_SECONDS
        return error.code


def _is_about_the_address(said: str, letter: Letter) -> bool:
    """Whether SES means the recipient: a suppression list has no senders, and of two addresses it must quote his."""
    if _SUPPRESSED.search(said):
        return True
    return bool(_NO_ADDRESS.search(said)) and letter.to in said and letter.sender not in said
