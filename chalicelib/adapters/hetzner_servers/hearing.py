"""The ear at one answer: its status and headers, and its body before a deadline and below a size.

The hcloud library tells neither status nor headers, and a read timeout begins anew with every byte, so a body that
drips would hold a worker for hours. This is a response hook of the requests library; what a body means it knows not.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any

import requests
import urllib3

_PIECE = 64 * 1024
_MOST_BYTES = 16 * 1024 * 1024
"""Fifty servers a page are 300 KB; nothing that Hetzner sends comes near."""


class Hearing:
    """What was heard of one answer; `seconds` after its making a body that still drips is given up."""

    def __init__(self, seconds: float) -> None:
        # A timeout, not a time: it must not move with the clock that the service is given.
        self._until = time.monotonic() + seconds
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}

    def __call__(self, response: requests.Response, *_args: Any, **_settings: Any) -> None:
        """Hear one answer; `requests` calls this before anybody reads the body.

        Raises ConnectionError (broken off) or ReadTimeout (too slow) of the requests library.
        """
        self.status, self.headers = response.status_code, response.headers
        source = response.raw
        try:
            response.raw = io.BytesIO(self._body(source))
        except requests.RequestException:
            source.close()
            raise

    def _body(self, source: Any) -> bytes:
        body = bytearray()
        try:
            while piece := source.read1(_PIECE, decode_content=True):
                body += piece
                self._check(len(body))
        except urllib3.exceptions.TimeoutError as error:
            raise requests.ReadTimeout("the answer stopped") from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError("the answer broke off") from error
        return bytes(body)

    def _check(self, size: int) -> None:
        if time.monotonic() > self._until:
            raise requests.ReadTimeout("the answer drips")
        if size > _MOST_BYTES:
            raise requests.ReadTimeout("the answer does not end")
