"""The shapes of requests, as pydantic models: unknown fields are refused and nothing is converted.

Imported at the first request that has a body, because pydantic is slow to import. The models check form alone; what
an address, a key or a type must be is the domain's rule. `openapi.py` draws the document from these models.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chalicelib.domain.build import Cause, Outcome, Phase
from chalicelib.domain.instance import Status

MOST_HOURS = 8760
"""A bound for the document; the operator's own cap is lower and is checked against the settings."""


def _optional(schema: dict[str, Any]) -> None:
    """Leave a field out or give it: null is not a value, so the schema does not offer it."""
    schema.pop("default", None)
    choices = [each for each in schema.pop("anyOf", []) if each.get("type") != "null"]
    for each in choices:
        schema.update(each)


class Shape(BaseModel):
    """What all requests share."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("must not be null")
        return value


class NewInstance(Shape):
    """`POST /instances`."""

    email: str
    ssh_public_key: str
    hours: int | None = Field(default=None, ge=1, le=MOST_HOURS, json_schema_extra=_optional)
    server_type: str | None = Field(default=None, max_length=64, json_schema_extra=_optional)
    location: str | None = Field(default=None, max_length=64, json_schema_extra=_optional)
    website: str = Field(default="", max_length=1024, description="Leave it out or empty: people do not see it.")


class MoreHours(Shape):
    """`POST /instances/{id}/extend`."""

    hours: int = Field(ge=1, le=MOST_HOURS)


class Claim(Shape):
    """`POST /builds/{id}/{attempt}/claim`: a random value that the builder keeps for a repeat."""

    nonce: str = Field(pattern=r"^[A-Za-z0-9_-]{16,128}$")


class Report(Shape):
    """`POST /builds/{id}/{attempt}/reports`: a phase or an outcome, never both; a step within a phase asks nothing."""

    phase: Annotated[Phase | None, Field(default=None, strict=False, json_schema_extra=_optional)]
    outcome: Annotated[Outcome | None, Field(default=None, strict=False, json_schema_extra=_optional)]
    cause: Annotated[Cause | None, Field(default=None, strict=False, json_schema_extra=_optional)]
    detail: str = ""
    log_tail: str = ""
    step: str = ""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.phase is None) == (self.outcome is None):
            raise ValueError("say either a phase or an outcome")
        if (self.cause is None) != (self.outcome is not Outcome.FAILED):
            raise ValueError("a cause goes with the outcome failed, and with no other")
        if self.step and self.phase is None:
            raise ValueError("a step goes with a phase")
        return self


class ReapWish(Shape):
    """`POST /reap`: explain only, or act on at most so many."""

    dry_run: bool = False
    confirm: int | None = Field(default=None, ge=0, le=10_000, json_schema_extra=_optional)


class RestoreWish(Shape):
    """`POST /operator/accept-restore`: with `plant_marker` a marker that is missing is made anew.

    `machines_are_gone` lets that be done where no machine of the table is found; it goes with `plant_marker` only.
    """

    plant_marker: bool = False
    machines_are_gone: bool = False

    @model_validator(mode="after")
    def _one_wish(self) -> Self:
        if self.machines_are_gone and not self.plant_marker:
            raise ValueError("machines_are_gone goes with plant_marker")
        return self


class OwnerWish(Shape):
    """`POST /owners/deprovision` and `POST /owners/admit`: an address in any spelling."""

    email: str


class AuditQuery(BaseModel):
    """The query of `GET /operator/audit`: an instance or a day in UTC; neither means today."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$")
    day: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


class WhyQuery(BaseModel):
    """The query of `GET /operator/why`: an instance's id or a server's number; its values arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$")
    server: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,17}$")


class ListQuery(BaseModel):
    """The query of `GET /instances`; its values arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    all: bool = False
    status: Status | None = None
    owner: str | None = Field(default=None, max_length=320)
    limit: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")] = "100"
    cursor: str | None = Field(default=None, max_length=1024)


class RunsQuery(BaseModel):
    """The query of `GET /reap/runs` and `GET /reap/orphans`; its values arrive as text.

    Fifty are two days of hourly runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[str, Field(pattern=r"^([1-9]|[1-4][0-9]|50)$")] = "50"
    cursor: str | None = Field(default=None, max_length=1024)
