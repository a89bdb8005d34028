"""The stage's parameters in SSM, as these tools read and write them: no value is ever in a message.

SSM has no compare-and-swap: a change that was not the only one since its reading is told by the version it got.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.aws.errors import Answered
from operate.aws import Aws, answered_at, is_absent, pages
from operate.failure import OperateFailed

MOST_CHARACTERS = 4096
"""Of a value in SSM's standard tier, which costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter as it was read; `age` is in seconds, by AWS's own clock."""

    value: str = field(repr=False)
    version: int
    age: float


def names(aws: Aws, path: str) -> frozenset[str]:
    """What there is beneath a path, without its values."""
    found = pages(aws, "ssm", "get_parameters_by_path", "Parameters", Path=path)
    return frozenset(str(each["Name"]).removeprefix(f"{path}/") for each in found)


def read(aws: Aws, name: str) -> Parameter | None:
    """A parameter by its whole name, decrypted; None when there is none."""
    try:
        answer = aws.call("ssm", "get_parameter", Name=name, WithDecryption=True)
    except Answered as error:
        if is_absent(error):
            return None
        raise
    found: Mapping[str, object] = answer["Parameter"]
    changed = found.get("LastModifiedDate")
    age = answered_at(answer) - changed.timestamp() if isinstance(changed, datetime) else 0.0
    return Parameter(value=str(found["Value"]), version=int(str(found.get("Version", 1))), age=age)


def make(aws: Aws, name: str, value: str) -> None:
    """Make a secret parameter; OperateFailed when somebody else has just made it, or it is too long."""
    _require_fits(name, value)
    try:
        aws.call("ssm", "put_parameter", Name=name, Value=value, Type="SecureString", Overwrite=False)
    except Answered as error:
        if error.code == "ParameterAlreadyExists":
            raise OperateFailed(f"Somebody has just made {name}; nothing was written.", "make secrets") from None
        raise


def change(aws: Aws, name: str, value: str, before: Parameter) -> None:
    """Put another value in the place of the one that was read; OperateFailed when it was not the last one."""
    _require_fits(name, value)
    answer = aws.call("ssm", "put_parameter", Name=name, Value=value, Type="SecureString", Overwrite=True)
    if answer["Version"] != before.version + 1:
        lost = answer["Version"] - 1
        said = f"Somebody else changed {name} at the same moment: version {lost} is theirs (or ours, sent twice)."
        raise OperateFailed(said, f"compare the versions: aws ssm get-parameter-history --name {name}")


def note(aws: Aws, name: str, value: str) -> None:
    """Write a parameter that is no secret, whatever was there."""
    aws.call("ssm", "put_parameter", Name=name, Value=value, Type="String", Overwrite=True)


def delete(aws: Aws, name: str) -> bool:
    """Throw a parameter away; whether it was there."""
    try:
        aws.call("ssm", "delete_parameter", Name=name)
    except Answered as error:
        if is_absent(error):
            return False
        raise
    return True


def _require_fits(name: str, value: str) -> None:
    if len(value.encode()) > MOST_CHARACTERS:
        said = f"{name} would be {len(value.encode())} bytes, and SSM's standard tier takes {MOST_CHARACTERS}."
        raise OperateFailed(said, "forget secrets and operators that are not used any more: make secrets FORGET=ID")
