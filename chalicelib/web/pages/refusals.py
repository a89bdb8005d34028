"""A heading and a way on for everything a page may be refused for; the sentence itself is the error's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`advice` says what to do next; `again` whether the same page may fare better later."""

    heading: str
    advice: str
    again: bool = False


LATER = Refusal(
    # no word on what was bought: a store that does not answer may have written all the same
    heading="Not at this moment",
    advice="Look again in a moment: the page then shows what has become of it.",
    again=True,
)
WRONG = Refusal(heading="That did not work", advice="Nothing was bought. Go back and try again.")

REFUSALS: Mapping[str, Refusal] = {
    "not_found": Refusal(
        heading="There is nothing here",
        advice="The link may be incomplete or too old. Copy it from the mail once more, the whole line; "
        "if that does not help, sign up again.",
    ),
    "expired": Refusal(
        heading="This link is too old",
        advice="If it was not confirmed in time, nothing was bought, and the wish is forgotten. A machine that was "
        "confirmed has a link of its own, in the mail that says that it is ready.",
    ),
    "limit": Refusal(
        heading="The service is full at the moment",
        advice="Nothing was bought. Your link stays good until 24 hours after the signup: try it again later.",
        again=True,
    ),
    "stock": Refusal(
        heading="Sold out at the moment",
        advice="Nothing was bought. Stock changes within minutes: look again with the same link, "
        "or sign up for another type or location.",
        again=True,
    ),
    "paused": Refusal(
        heading="New machines are switched off",
        advice="Nothing was bought. Machines that run are not concerned. Try again later with the same link.",
        again=True,
    ),
    "too_many_requests": Refusal(
        heading="Too many requests",
        advice="Somebody asked very often from your network. Wait a while, then try again.",
    ),
    "foreign_origin": Refusal(
        heading="This form came from somewhere else",
        advice="Open the signup page of this service, or the link of the mail, and send the form from there.",
    ),
    "method_not_allowed": Refusal(
        heading="This address is not for a browser",
        advice="Programs use it, and in another way. Nothing was changed. Whatever you were looking for can be found "
        "from the signup page, or with the link of the mail.",
    ),
    "internal": Refusal(heading="Something went wrong", advice="Try again; it may help."),
}


OWN_LIMIT = Refusal(
    heading="One at a time",
    advice="Nothing was bought. The mail about your other machine has the link with which you can end it; "
    "after that, this link works again.",
    again=True,
)
"""A cap that stands against one owner alone is a conflict with what they have (409), not a full service (503)."""


def refusal(code: str, status: int) -> Refusal:
    """What to say beside an error of this code."""
    known = OWN_LIMIT if (code, status) == ("limit", 409) else REFUSALS.get(code)
    if known is not None:
        return known
    return LATER if status in {429, 503} else WRONG
