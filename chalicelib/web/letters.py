"""Notices as letters in plain text: subjects, templates, and what goes into them. It sends nothing and knows no clock.

Which notice is owed and when is `domain/notice.py`'s rule. A link stands bare and alone on its line, so that no mail
program breaks it; nothing a guest typed is in a letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.instance import EndReason, Instance
from chalicelib.domain.notice import Kind, Notice
from chalicelib.operations.ports import Letter
from chalicelib.web import words
from chalicelib.web.ssh_access import ssh_access

if TYPE_CHECKING:
    from jinja2 import Environment, Template

ALMOST = timedelta(seconds=59)
"""A warning is written a moment after it is due: the minute that has begun still counts."""

TEMPLATES = Path(__file__).parent / "templates"

SUBJECTS: Mapping[Kind, str] = {
    Kind.READY: "Your machine {name} is ready",
    Kind.ENDING: "Your machine {name} ends in {span}",
    Kind.EXTENDED: "Your machine {name} now lives until {end}",
    Kind.ENDED: "Your machine {name} is gone",
    Kind.FAILED: "Your machine {name} could not be made",
}

ENDINGS: Mapping[EndReason, str] = {
    EndReason.EXPIRED: "Its time was over.",
    EndReason.RELEASED: "It was ended on request.",
    EndReason.FAILED: "It could not be installed.",
    EndReason.LOST: "It disappeared at the server provider, which we did not ask for.",
}


class PlainLetters:
    """Renders letters; `domain` is that of the sender, for the Message-ID."""

    def __init__(self, *, public_url: str, ssh_port: int, domain: str) -> None:
        self._public_url = public_url
        self._ssh_port = ssh_port
        self._domain = domain
        self._environment: Environment | None = None

    def render(self, instance: Instance, notice: Notice, manage_token: str) -> Letter:
        """The letter of one notice. KeyError for a kind that has no letter yet: it was owed by mistake."""
        names = self._names(instance, notice, manage_token)
        subject = SUBJECTS[notice.kind].format(**names)
        return Letter(
            to=instance.email,
            message_id=f"<{instance.id}.{notice.key}@{self._domain}>",
            subject=subject,
            text=self._template(notice.kind).render(names),
        )

    def _names(self, instance: Instance, notice: Notice, manage_token: str) -> dict[str, object]:
        end = notice.about or instance.expires_at
        since = instance.running_at
        return {
            "id": instance.id,
            "name": instance.name,
            "url": self._public_url,
            "token": manage_token,
            "ssh": ssh_access(instance, self._ssh_port),
            "end": None if end is None else words.in_words(end),
            "end_utc": None if end is None else words.in_figures(end),
            "span": words.span(end - notice.due_at + ALMOST if end is not None else timedelta(0)),
            "lasting": None if end is None or since is None else words.span(end - since),
            "why": None if instance.end_reason is None else ENDINGS[instance.end_reason],
            "failure": instance.failure,
        }

    def _template(self, kind: Kind) -> Template:
        environment = self._environment
        if environment is None:
            environment = self._environment = _environment()
        return environment.get_template(f"{kind.value}.txt")


def _environment() -> Environment:
    # Imported at the first letter: most calls of the service send none.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 -- see above

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 -- plain text: an escaped address or command would be a wrong one
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
