"""The parameters beneath one path of SSM, read all at once and kept for a while: what a stage has been told in secret.

Kept for 5 minutes; while SSM does not answer, what was read last is good for half an hour, since a secret that was
right a moment ago is better than a service that is down. Whoever holds a sign that something has changed asks for a
fresh look with `again`, which happens at most twice a minute. No value is ever part of an error or of a `repr`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.aws.client import AwsClient, Patience
from chalicelib.aws.errors import AwsError
from chalicelib.domain.errors import StoreUnavailable

PATIENCE = Patience(connect=1, read=3, tries=2)
"""A function that reads its first parameters is starting, and Lambda lets it start for ten seconds: whoever does not
get them must have said so by then (`StoreUnavailable`), or Lambda begins anew and nobody reads why. The next invocation
asks again, in a new process; a running one has what it read for half an hour.
"""

KEPT_SECONDS = 300.0
GOOD_SECONDS = 1800.0
PAUSE_SECONDS = 30.0
"""Between two looks that nobody's five minutes asked for, and after one that failed."""

MOST_PAGES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Names below the path with their values, and when they were read (seconds of the clock that measures)."""

    values: Mapping[str, str] = field(repr=False)
    at: float


class SsmParameters:
    """The parameters directly beneath `path` (`/ccc/prod`); `now` measures seconds."""

    def __init__(self, path: str, *, region: str | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path.rstrip("/")
        self._ssm = AwsClient("ssm", PATIENCE, region=region)
        self._now = now
        self._one_at_a_time = threading.Lock()
        self._reading: Reading | None = None
        self._tried_at = float("-inf")

    def reading(self) -> Reading:
        """What was read within 5 minutes, or is read now; StoreUnavailable when there is nothing that is still good."""
        with self._one_at_a_time:
            now, kept = self._now(), self._reading
            if kept is not None and now - kept.at < KEPT_SECONDS:
                return kept
            if kept is not None and now - self._tried_at < PAUSE_SECONDS and now - kept.at < GOOD_SECONDS:
                return kept
            try:
                return self._look(now)
            except StoreUnavailable:
                if kept is None or now - kept.at >= GOOD_SECONDS:
                    raise
                return kept

    def again(self) -> bool:
        """Read anew, unless that happened within half a minute; whether anything is different now. StoreUnavailable."""
        with self._one_at_a_time:
            now, kept = self._now(), self._reading
            if now - self._tried_at < PAUSE_SECONDS:
                return False
            return self._look(now).values != (kept.values if kept is not None else {})

    def _look(self, now: float) -> Reading:
        self._tried_at = now
        try:
            self._reading = Reading(values=dict(self._pages()), at=now)
        except AwsError as error:
            raise StoreUnavailable(f"SSM does not give {self._path} ({error.code}).", code=error.code) from None
        return self._reading

    def _pages(self) -> dict[str, str]:
        found: dict[str, str] = {}
        more: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = self._ssm.call("get_parameters_by_path", Path=self._path, WithDecryption=True, **more)
            for each in answer.get("Parameters", []):
                found[str(each["Name"]).removeprefix(f"{self._path}/")] = str(each["Value"])
            if not answer.get("NextToken"):
                return found
            more = {"NextToken": str(answer["NextToken"])}
        raise StoreUnavailable(f"SSM's list of {self._path} does not end.")
