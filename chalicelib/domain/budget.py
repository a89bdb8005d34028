"""Money set aside and given back: whole millionths of a euro, so that no sum ever rounds.

A reservation is for the dearest type the choice may fall back to and the most hours it can be billed, in the month it
is made. When the machine is gone it becomes what was really billed: less as a rule, more if the provider let us wait.
A failed instance costs the operator what the provider bills, and the guest nothing.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_UP, Decimal

from chalicelib.domain import lease
from chalicelib.domain.instance import Hold, Instance

MICRO = Decimal(1_000_000)


def micro(euros: Decimal) -> int:
    """Euros as whole millionths, rounded up: a cap is kept on the safe side."""
    return int((euros * MICRO).to_integral_value(rounding=ROUND_UP))


def euros(micro_eur: int) -> Decimal:
    """Millionths as euros with two places, rounded up to the cent."""
    return (Decimal(micro_eur) / MICRO).quantize(Decimal("0.01"), rounding=ROUND_UP)


def month_of(moment: datetime) -> str:
    """The month a reservation belongs to, as `yyyymm`."""
    return f"{moment:%Y%m}"


def hold(now: datetime, hourly: Decimal, hours: int) -> Hold:
    """Money for so many started hours at that price, set aside now."""
    return Hold(month=month_of(now), micro_eur=micro(hourly * hours))


def held(holds: tuple[Hold, ...]) -> int:
    """The sum of what is set aside, in millionths of a euro."""
    return sum(each.micro_eur for each in holds)


def shrink(holds: tuple[Hold, ...], keep: int) -> tuple[tuple[Hold, ...], tuple[Hold, ...]]:
    """Holds that sum to at most `keep`, and what is given back; the newest holds shrink first."""
    kept: list[Hold] = []
    back: list[Hold] = []
    room = keep
    for each in holds:
        stays = min(each.micro_eur, room)
        room -= stays
        if stays:
            kept.append(Hold(month=each.month, micro_eur=stays))
        if stays < each.micro_eur:
            back.append(Hold(month=each.month, micro_eur=each.micro_eur - stays))
    return tuple(kept), tuple(back)


def settle(holds: tuple[Hold, ...], billed: int, now: datetime) -> tuple[Hold, ...]:
    """Holds that sum to exactly what was billed: shrunk, or grown by what an end that came late has cost on top."""
    kept, _ = shrink(holds, billed)
    late = billed - held(kept)
    return (*kept, Hold(month=month_of(now), micro_eur=late)) if late > 0 else kept


def billed(instance: Instance, until: datetime) -> int:
    """What the provider bills for this instance's server up to a moment, in millionths of a euro."""
    if instance.machine is None or instance.choice is None:
        return 0
    hours = lease.paid_hours(created_at=instance.machine.created_at, ended_at=until)
    return micro(instance.choice.hourly * hours)
