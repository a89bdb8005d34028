"""What guests do in a simulation: sign up, say yes when the mail has come, and sign up again while a machine runs."""

from __future__ import annotations

from tests.simulation.healing import Case
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.guests import said_yes, signed_up

MAIL_WITHIN = 10 * MINUTE
"""A mail whose first attempt died leaves with the second, five minutes later (rule R19)."""


def ask(case: Case) -> None:
    """A guest's signup, under the key of their form."""
    case.wanted |= {"confirm", "ready"}
    case.instance_id = signed_up(case.world, key="form").id


def sign_up_and_confirm(case: Case) -> None:
    """A signup and its whole way to a running machine."""
    ask(case)
    case.world.follow_nudges()
    said_yes(case.world, case.instance_id)
    case.world.follow_nudges()
    case.world.clock.advance(4 * MINUTE)
    case.world.build(case.instance_id)
    case.world.follow_nudges()


def ask_and_confirm_again(case: Case) -> None:
    """The form is sent again, the mail is waited for, and its button is pressed, whatever was done before."""
    ask(case)
    case.wait_for_mail("confirm", MAIL_WITHIN)
    said_yes(case.world, case.instance_id)
    case.world.follow_nudges()


def ask_for_another(case: Case) -> None:
    """Who has a machine signs up once more."""
    case.wanted |= {"exists"}
    case.forgotten = signed_up(case.world, key="another form").id
    case.world.follow_nudges()


def ask_for_another_again(case: Case) -> None:
    """The form is sent again, and the mail is waited for."""
    ask_for_another(case)
    case.wait_for_mail("exists", MAIL_WITHIN)


def a_day_later(case: Case) -> None:
    """A wish that nobody confirmed is a tombstone that names nobody."""
    case.world.clock.advance(24 * HOUR)
    case.world.tick()
    gone = case.world.row(case.forgotten)
    assert (gone.status, gone.email, gone.owner) == ("deleted", "", "")
