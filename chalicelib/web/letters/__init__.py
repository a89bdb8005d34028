"""Notices as mails: what each says, how it becomes a message, and the calendar file beside it. Nothing is sent here."""

from chalicelib.web.letters.renderer import TemplateLetters

__all__ = ["TemplateLetters"]
