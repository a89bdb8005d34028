"""What the confirmation page shows of a wish: what will be bought, for whom, for how long, and what it can cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.instance import Choice, Instance
from chalicelib.domain.limits import Rounding
from chalicelib.domain.ssh_access import fingerprint
from chalicelib.web.pages.price import most_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseView:
    """`choices` are what would be tried now, in order (none: nothing is in stock); `billed` the most hours billed."""

    instance: Instance
    choices: Sequence[Choice]
    billed: int
    rounding: Rounding

    @property
    def first(self) -> Choice:
        """What is tried first."""
        return self.choices[0]

    @property
    def others(self) -> tuple[str, ...]:
        """What is tried when the first is gone, in words."""
        return tuple(f"{each.server_type} in {each.location}" for each in self.choices[1:])

    @property
    def hourly(self) -> str:
        """The price of a started hour of the first choice, in euros, IPv4 included."""
        return f"{self.first.hourly.normalize():f}"

    @property
    def cost(self) -> str:
        """The most it can cost, in euros, whichever of the choices it becomes."""
        return most_cost(self.billed, [each.hourly for each in self.choices])

    @property
    def fingerprint(self) -> str:
        """`SHA256:…` of the key that will be let in."""
        return fingerprint(self.instance.ssh_public_key)

    @property
    def to_the_hour(self) -> bool:
        """Whether a machine lives to the end of the hour that is paid for."""
        return self.rounding is Rounding.UP
