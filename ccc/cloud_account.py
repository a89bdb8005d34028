"""The operator's account at AWS as `ccc doctor --cloud` asks it; botocore is imported only then: guests need none."""

from __future__ import annotations

from typing import Any, Protocol

CONNECT_SECONDS, READ_SECONDS, TRIES = 5, 20, 2
INSTALL = "pip install botocore"
NOT_ALLOWED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
ABSENT = frozenset({"ResourceNotFoundException", "NotFoundException", "ParameterNotFound", "NoSuchResourceException"})


class CloudRefused(Exception):
    """AWS refused, or was not reached: `code` is its or botocore's name for the reason, `message` AWS's words."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message

    @property
    def not_allowed(self) -> bool:
        """Whether whoever asks may not look."""
        return self.code in NOT_ALLOWED

    @property
    def absent(self) -> bool:
        """Whether there is no such thing."""
        return self.code in ABSENT or (self.code == "ValidationError" and "does not exist" in self.message)


class NotInstalled(Exception):
    """There is no botocore here."""


class Cloud(Protocol):
    """An account in one region."""

    def ask(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """Return the answer to one operation; raises CloudRefused."""


class Account:
    """The account that botocore's usual ways lead to; raises NotInstalled, and CloudRefused without a region."""

    def __init__(self, region: str | None) -> None:
        try:
            import botocore.session  # type: ignore[import-untyped]  # noqa: PLC0415 late: guests have none; no types
        except ModuleNotFoundError as error:
            raise NotInstalled from error
        self._session = botocore.session.get_session()
        self._region = region
        self._clients: dict[str, Any] = {}

    def ask(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """Return the answer to one operation; raises CloudRefused."""
        from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415 as above
            BotoCoreError,
            ClientError,
        )

        try:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**request)
        except ClientError as error:
            said = error.response.get("Error", {})
            raise CloudRefused(str(said.get("Code", "")), str(said.get("Message", ""))) from error
        except BotoCoreError as error:
            raise CloudRefused(type(error).__name__) from error
        return answer

    def _client(self, service: str) -> Any:
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415 as above

        if service not in self._clients:
            config = Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": TRIES},
            )
            self._clients[service] = self._session.create_client(service, region_name=self._region, config=config)
        return self._clients[service]
