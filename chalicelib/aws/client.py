"""One AWS service as this product asks it: a client made at its first use, with limits, in one thread at a time.

Region, credentials and endpoint are those that botocore finds in the process's surroundings. botocore is imported at
the first call: a cold start that asks nothing of a service does not pay for it.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.errors import Answered, AwsError, NotConfigured, NotReached, Silent

_ACT_FIRST = frozenset(
    {
        "DataNotFoundError",
        "NoCredentialsError",
        "NoRegionError",
        "ParamValidationError",
        "PartialCredentialsError",
        "UnknownServiceError",
    }
)
_BEFORE_SENDING = frozenset(
    {"ConnectTimeoutError", "CredentialRetrievalError", "EndpointConnectionError", "ProxyConnectionError"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to connect and to wait for an answer, and tries in all (botocore's standard mode of trying again)."""

    connect: float = 5
    read: float = 30
    tries: int = 3


class AwsClient:
    """Asks one service (`codebuild`, `sesv2`, …); usable from several threads at once."""

    def __init__(self, service: str, patience: Patience | None = None, *, region: str | None = None) -> None:
        self._service = service
        self._patience = patience or Patience()
        self._region = region
        self._making = threading.Lock()
        self._made: Any = None

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """The answer to one operation (`start_build`); AwsError in its four kinds."""
        from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415 -- no types; imported late
            BotoCoreError,
            ClientError,
        )

        try:
            answer: dict[str, Any] = getattr(self.vendor(), operation)(**request)
        except ClientError as error:
            raise _answered(error) from error
        except BotoCoreError as error:
            raise _meaning(type(error).__name__) from error
        return answer

    def vendor(self) -> Any:
        """The client of botocore itself, for whoever must ask in a way of its own."""
        with self._making:  # botocore makes clients in one thread at a time, and shares them between all
            if self._made is None:
                self._made = self._make()
        return self._made

    def _make(self) -> Any:
        import botocore.session  # type: ignore[import-untyped]  # noqa: PLC0415 -- no types; imported late
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415 -- same

        config = Config(
            connect_timeout=self._patience.connect,
            read_timeout=self._patience.read,
            retries={"mode": "standard", "total_max_attempts": self._patience.tries},
        )
        session = botocore.session.get_session()
        session.register_component("data_loader", _data())
        return session.create_client(self._service, region_name=self._region, config=config)


@functools.cache
def _data() -> Any:
    """What botocore knows of services, read once in a process: each copy costs 30 to 100 ms of a cold start."""
    import botocore.session  # noqa: PLC0415 -- imported late

    return botocore.session.get_session().get_component("data_loader")


def _answered(error: Any) -> Answered:
    said = error.response.get("Error", {})
    return Answered(
        str(said.get("Code", "")),
        status=int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)),
        message=str(said.get("Message", "")),
        document=error.response,
    )


def _meaning(name: str) -> AwsError:
    if name in _ACT_FIRST:
        return NotConfigured(name)
    return NotReached(name) if name in _BEFORE_SENDING else Silent(name)
