"""The `email` field of a request: from what a person typed to the ASCII address the domain takes.

Decides with the email-validator library (strictly, without asking DNS), which also turns a domain of
another script into its `xn--` form, and then with the narrower rule of `chalicelib.domain.email`. It must
not know what the address is for. The library refuses most reserved domains by itself, but not example.com
and example.org, which stay usable.
"""

from __future__ import annotations

from chalicelib.domain.email import FIELD, MAX_CHARS, EmailAddress, parse_email
from chalicelib.domain.errors import InvalidInput


def normalise_email(value: object) -> EmailAddress:
    """Return the address in ASCII; raises `InvalidInput` (field `email`) with a sentence for a person."""
    if not isinstance(value, str) or not value:
        return parse_email(value)
    if len(value) > MAX_CHARS or not value.isprintable():
        # Before the library sees it: its work grows with the length, and it may quote what it does not like.
        raise InvalidInput({FIELD: f"the address has invisible characters, or more than {MAX_CHARS} in all"})
    return parse_email(_ascii_form(value))


def _ascii_form(value: str) -> str:
    # Imported at first use: a cold start that only lists or reaps does not pay for its Unicode tables.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 -- see the line above

    try:
        found = validate_email(
            value,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            check_deliverability=False,
            strict=True,
        )
    except EmailNotValidError as error:
        # It may quote letters; in ASCII a look-alike shows as what it is.
        why = str(error).encode("ascii", "backslashreplace").decode()
        raise InvalidInput({FIELD: why}) from None
    return f"{found.local_part}@{found.ascii_domain}"
