"""From a notice to the letter that leaves: subject, templates, calendar file, envelope. It knows no clock.

Which notice is owed and when is `domain/notice.py`'s rule; what a template may name is `contents.py`'s; how the parts
become one message is `message.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.headerregistry import Address
from email.utils import parseaddr

from chalicelib.domain.instance import Instance
from chalicelib.domain.notice import Kind, Notice
from chalicelib.operations.ports import Letter
from chalicelib.web.letters.calendar_file import calendar_file
from chalicelib.web.letters.contents import Contents
from chalicelib.web.letters.message import Parts, compose
from chalicelib.web.letters.templates import Templates

SUBJECTS: Mapping[Kind, str] = {
    Kind.CONFIRM: "Confirm your machine for {hours}",
    Kind.EXISTS: "You have a machine already",
    Kind.READY: "Your machine {name} is ready",
    Kind.ENDING: "Your machine {name} ends in {span}",
    Kind.EXTENDED: "Your machine {name} now lives until {end}",
    Kind.ENDED: "Your machine {name} is gone",
    Kind.FAILED: "Your machine {name} could not be made",
}


class TemplateLetters:
    """Renders letters; `find_url` tells the public URL, without a slash at its end, and what it raises ends a letter.

    `sender`, and `reply_to` where somebody else answers, are addresses with or without a display name.
    """

    def __init__(self, *, find_url: Callable[[], str], ssh_port: int, sender: str, reply_to: str | None = None) -> None:
        self._sender = _address(sender)
        self._reply_to = _address(reply_to) if reply_to else None
        self._domain = self._sender.domain
        self._contents = Contents(find_url=find_url, ssh_port=ssh_port)
        self._templates = Templates()

    def render(self, instance: Instance, notice: Notice, token: str) -> Letter:
        """The letter of one notice; the same notice gives the same bytes.

        ValueError for an address that is more than one address: such a row is a bug.
        """
        names = self._contents.of(instance, notice, token)
        subject = SUBJECTS[notice.kind].format(**names)
        message_id = f"<{instance.id}.{notice.key}@{self._domain}>"
        parts = Parts(
            sender=self._sender,
            to=Address(addr_spec=instance.email),
            subject=subject,
            date=notice.due_at,
            message_id=message_id,
            text=self._templates.text(notice.kind, names),
            html=self._templates.html(notice.kind, {**names, "subject": subject}),
            calendar=calendar_file(instance, notice, self._sender),
            reply_to=self._reply_to,
        )
        return Letter(sender=self._sender.addr_spec, to=instance.email, message_id=message_id, message=compose(parts))


def _address(text: str) -> Address:
    display_name, address = parseaddr(text)
    return Address(display_name=display_name, addr_spec=address)
