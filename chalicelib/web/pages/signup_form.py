"""What the signup form shows: types and places in stock, prices, hours, what was typed and what is wrong with it.

It knows neither the store nor the market: `types` are the entries of `GET /types`, so that page and API cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chalicelib.domain import lease
from chalicelib.domain.limits import Limits
from chalicelib.web.pages.price import Rule, most_cost, rule
from chalicelib.web.pages.typed import Typed

FIELDS: Mapping[str, str] = {
    "email": "E-mail address",
    "ssh_public_key": "SSH public key",
    "hours": "Hours",
    "server_type": "Server type",
    "location": "Location",
}
"""Fields in the order of the form, with their labels."""

SENT_OTHERWISE = "This form was sent before with other values. Look through it and send it again."
"""What a person is told whose form came with a key that stands for another wish; they know of no keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupForm:
    """One form: `wrong` maps a field to what is wrong with it, `said` is a refusal that is about no field.

    `key` makes one wish of a form that is sent twice; `now` is the service's time in seconds since 1970. While the
    service is `paused` the form can be read, not sent.
    """

    types: Sequence[Mapping[str, Any]]
    limits: Limits
    now: int
    key: str
    typed: Typed
    wrong: Mapping[str, str]
    said: str | None = None
    paused: bool = False

    @property
    def first(self) -> Mapping[str, Any]:
        """The type that is tried first when none is named."""
        return self.types[0]

    @property
    def places(self) -> tuple[str, ...]:
        """Every location in which any type is in stock, in the operator's order."""
        stocked = {offer["location"] for kind in self.types for offer in kind["offers"]}
        return tuple(place for place in self.limits.locations if place in stocked)

    @property
    def rule(self) -> Rule:
        """How hours become billed hours, and an end."""
        return rule(self.limits.rounding, self.limits.max_hours)

    @property
    def problems(self) -> tuple[tuple[str | None, str], ...]:
        """Everything that is wrong, in the order of the form: the field (None: no field of the form) and a sentence."""
        of_fields = [(name, f"{label}: {self.wrong[name]}") for name, label in FIELDS.items() if name in self.wrong]
        others = [(None, f"{name}: {why}") for name, why in self.wrong.items() if name not in FIELDS]
        return ((None, self.said), *of_fields, *others) if self.said else (*of_fields, *others)

    @property
    def hours(self) -> int:
        """The hours typed, as far as they may be asked for, else the usual ones."""
        typed = int(self.typed.hours) if self.typed.hours.isdecimal() else 0
        return typed if 1 <= typed <= self.limits.max_hours else self.limits.default_hours

    @property
    def billed(self) -> int:
        """The most hours that these hours can be billed."""
        return lease.most_paid_hours(self.hours, self.limits.rounding)

    @property
    def cost(self) -> str:
        """The most that these hours of the chosen type (of the dearest, when none is) can cost, in euros."""
        return most_cost(self.billed, [Decimal(offer["price_hourly_eur"]) for offer in self._possible()])

    def _possible(self) -> list[Mapping[str, str]]:
        kind, place = self.typed.server_type, self.typed.location
        offers = [offer for each in self.types if kind in {"", each["name"]} for offer in each["offers"]]
        return [offer for offer in offers if place in {"", offer["location"]}]
