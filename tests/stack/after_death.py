"""What must hold of an order whose machine died: its cause, its server, its mail, or its next attempt's machine."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

from chalicelib.domain.explanations import EXPLANATIONS
from tests.letters import ReadLetter
from tests.stack.box import Box
from tests.stack.conftest import GuestKey
from tests.stack.deaths import HOURS, Death, Deathbed, Order
from tests.stack.guest import bare_link, until
from tests.stack.rows import counters

AT_MOST = timedelta(minutes=60)
"""From the order to its end, whatever happens, by the clock that all share."""

OF_THE_HOUSE = re.compile(
    r"traceback|exception|error:|kexec|disko|nixos-anywhere|builder|attempt|code \d|phase|stderr|127\.\d|[a-z]+_[a-z]+",
    re.IGNORECASE,
)
"""What only somebody who knows the service from within would understand."""

_TO_COPY = re.compile(r"https?://\S+|^    .*$|^ *curl .*$", re.MULTILINE)
"""Links and commands: no sentences."""


def letters(box: Box, order: Order, kind: str) -> list[ReadLetter]:
    """The mails of one kind about an order."""
    begins = f"<{order.instance_id}.{kind}@"
    return [letter for letter in box.letters() if letter.headers["message-id"].startswith(begins)]


def ended_for_its_cause(bed: Deathbed, death: Death) -> None:
    """It has failed after its attempts, for one cause, with where to look; nobody is at work on it any more."""
    order, told = bed.of(death), EXPLANATIONS[death.cause]
    failure = order.shown["failure"]
    assert (order.shown["status"], failure["code"]) == ("failed", death.cause), failure
    assert (failure["message"], failure["operator_hint"]) == (told.message, told.operator_hint)
    assert len(bed.attempts(order)) == death.attempts
    until(lambda: not any(build["state"] == "running" for build in bed.attempts(order)), "a builder is still at work")


def left_nothing_to_pay(bed: Deathbed, death: Death) -> None:
    """Its server is gone at the provider, within the hour that was begun."""
    name = f"cc-{bed.of(death).instance_id}"
    assert name not in [server["name"] for server in bed.box.servers()]
    (billed,) = [one for one in bed.box.bill() if one["name"] == name]
    lived = datetime.fromisoformat(billed["deleted"]) - datetime.fromisoformat(billed["created"])
    assert billed["hours"] == 1
    assert lived < AT_MOST


def told_plainly(bed: Deathbed, death: Death) -> None:
    """One mail: what happened, that nothing is charged, what to do next, where to look; and nothing of the house."""
    box, order, told = bed.box, bed.of(death), EXPLANATIONS[death.cause]
    until(lambda: letters(box, order, "failed"), f"no mail about {order.instance_id}")
    (letter,) = letters(box, order, "failed")
    said = " ".join(letter.text.split())
    what_next = told.hint.removeprefix("Nothing was charged to you. ")
    assert f"could not be made. {told.message} Nothing was charged to you. {what_next}" in said, said
    assert bare_link(letter, f"/i/{order.instance_id}")
    assert f"ccc retry {order.instance_id}" in said
    assert OF_THE_HOUSE.findall(_TO_COPY.sub("", f"{letter.subject}\n{letter.text}")) == []
    assert told.message in " ".join(unescape(letter.html).split())
    assert letters(box, order, "ready") == []


def made_at_the_next_attempt(bed: Deathbed, death: Death, guest_key: GuestKey) -> None:
    """The attempt in which it died says why; the machine is made on the same server, and its guest can enter."""
    box, order = bed.box, bed.of(death)
    assert order.shown["status"] == "running", order.shown["failure"]
    first, second = bed.attempts(order)
    assert f"failed: {death.cause}: " in Path(first["log"]).read_text()
    assert "failed: " not in Path(second["log"]).read_text()
    assert [one["name"] for one in box.bill()].count(order.shown["name"]) == 1
    until(lambda: letters(box, order, "ready"), f"no mail about {order.instance_id}")
    assert letters(box, order, "failed") == []
    login = box.ccc("ssh", "-i", str(guest_key.path), order.instance_id, "--", "whoami")
    assert (login.returncode, login.stdout) == (0, "claude\n"), login.stderr


def given_back(bed: Deathbed) -> None:
    """Once those that live are ended too, what is set aside is what the provider bills, taxes included."""
    box = bed.box
    for order in bed.orders:
        if order.death.saved:
            box.call("DELETE", f"/instances/{order.instance_id}")
            box.until(order.instance_id, "deleted")
    assert counters(box)["live"] == 0
    (spent,) = [value for key, value in counters(box).items() if key.startswith("spend#")]
    taxes = 1 + Decimal(box.provider("GET", "/pricing")["pricing"]["vat_rate"]) / 100
    billed = [Decimal(one["net"]) for one in box.bill()]
    assert Decimal(spent) / 1_000_000 == sum(billed) * taxes, (spent, billed)
    assert len(billed) == len(bed.orders)
    assert spent < HOURS * 1_000_000 * min(billed) * len(billed), "this would be no proof"
