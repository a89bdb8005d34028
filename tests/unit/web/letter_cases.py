"""One instance and one notice for every kind of letter, as the service would owe it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.domain.instance import EndReason, Failure, Instance, Status, Wish
from chalicelib.domain.notice import Kind, Notice
from chalicelib.operations.ports import Letter
from chalicelib.web.letters import TemplateLetters
from tests.fakes.clock import START
from tests.fakes.services import fake_services
from tests.letters import ReadLetter, read
from tests.unit.api.world import ID, NOT_YET, running

URL = "https://ccc.example.org/api"
TOKEN = "ccc_manage_" + "t" * 43
END = START + timedelta(minutes=115)
CONFIRM_LINK = f"{URL}/confirm/{ID}/{TOKEN}"
MANAGE_LINK = f"{URL}/i/{ID}#{TOKEN}"
SENDER = "Claude Code Cloud <cloud@ccc.example.org>"

LINKS = {
    Kind.CONFIRM: CONFIRM_LINK,
    Kind.EXISTS: f"{URL}/",
    Kind.READY: MANAGE_LINK,
    Kind.ENDING: MANAGE_LINK,
    Kind.EXTENDED: MANAGE_LINK,
    Kind.ENDED: f"{URL}/",
    Kind.FAILED: MANAGE_LINK,
}
"""The one link of each kind that a person follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a letter is about."""

    instance: Instance
    notice: Notice

    def changed(self, **fields: object) -> Case:
        """The case with other fields of the instance."""
        return replace(self, instance=_changed(self.instance, **fields))

    def letter(self, *, port: int = 22, sender: str = SENDER, url: str = URL, reply_to: str | None = None) -> Letter:
        """The letter as it leaves."""
        letters = TemplateLetters(find_url=lambda: url, ssh_port=port, sender=sender, reply_to=reply_to)
        return letters.render(self.instance, self.notice, TOKEN)

    def read(self, port: int = 22) -> ReadLetter:
        """The letter as a person gets it."""
        return read(self.letter(port=port))


def case(kind: Kind, *, before: timedelta = timedelta(0)) -> Case:
    """An ordinary letter of this kind, written so long before the end of its machine."""
    instance = running(fake_services())
    about = None if kind in {Kind.CONFIRM, Kind.EXISTS} else END
    notice = Notice(kind=kind, key=f"{kind}-1", due_at=END - before, about=about)
    return Case(instance=_fit(instance, kind), notice=notice)


def _changed(instance: Instance, **fields: object) -> Instance:
    return replace(instance, **fields)  # type: ignore[arg-type]  # a plain mapping of its own fields


def _fit(instance: Instance, kind: Kind) -> Instance:
    """The instance in the status in which such a letter is owed."""
    match kind:
        case Kind.CONFIRM | Kind.EXISTS:
            return _changed(instance, **NOT_YET, status=Status.UNCONFIRMED, wish=Wish(hours=3))
        case Kind.READY | Kind.ENDING | Kind.EXTENDED:
            return instance
        case Kind.ENDED:
            return replace(instance, status=Status.DELETED, end_reason=EndReason.EXPIRED, ended_at=END)
        case Kind.FAILED:
            failure = Failure(code="stock", message="Nothing is in stock.", hint="Try another type.")
            bare = replace(instance, host_key=None, running_at=None, expires_at=None)
            return replace(bare, status=Status.FAILED, end_reason=EndReason.FAILED, failure=failure)
