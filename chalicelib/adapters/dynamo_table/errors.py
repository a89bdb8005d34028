"""What DynamoDB's refusals mean: a conflict, a full counter, a moment's crowd, or a store that is not to be had.

A transaction that is cancelled names a reason for each of its operations, in their order. `TransactionConflict` says
that another transaction had the item in hand: nothing was written, and the same request may pass a moment later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import (  # type: ignore[import-untyped]  # botocore ships no types
    BotoCoreError,
    ClientError,
)
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from chalicelib.domain.errors import CccError, CounterFull, StoreUnavailable, WriteConflict
from chalicelib.storage.table import Add, Put

_CONDITION = ("ConditionalCheckFailed", "ConditionalCheckFailedException")
_CROWD = ("TransactionConflict", "TransactionConflictException")


class Refused(Exception):
    """The condition of a single write was not met."""


class Crowded(Exception):
    """Another transaction has the item in hand; nothing was written."""


@contextmanager
def translated() -> Iterator[None]:
    """Whatever PynamoDB or botocore raises, as Refused, Crowded or StoreUnavailable."""
    try:
        yield
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        raise _meaning(error) from error


@contextmanager
def translated_transaction(puts: Sequence[Put], adds: Sequence[Add]) -> Iterator[None]:
    """The same for a transaction of these puts and adds: WriteConflict and CounterFull with the key."""
    try:
        with translated():
            yield
    except StoreUnavailable as error:
        cause = error.__cause__
        reasons = cause.cancellation_reasons if isinstance(cause, TransactWriteError) else []
        codes = [None if reason is None else reason.code for reason in reasons]
        raise _verdict(codes, puts, adds) or error from cause


def conflict(key: str) -> WriteConflict:
    """Somebody else was first at this item."""
    return WriteConflict(f"{key} is not what it was.", key=key)


def full(key: str) -> CounterFull:
    """This counter would pass its cap."""
    return CounterFull(f"{key} would pass its cap.", key=key)


def _meaning(error: PynamoDBException | BotoCoreError | ClientError) -> Exception:
    cause = error.cause if isinstance(error, PynamoDBException) else error
    code = cause.response["Error"].get("Code", "") if isinstance(cause, ClientError) else type(cause).__name__
    if code in _CONDITION:
        return Refused(code)
    if code in _CROWD:
        return Crowded(code)
    return StoreUnavailable(f"DynamoDB did not do what was asked: {code}.", code=code)


def _verdict(codes: Sequence[str | None], puts: Sequence[Put], adds: Sequence[Add]) -> CccError | Crowded | None:
    """The first conflict, else the first full counter, else the crowd; None when it was something else."""
    for put, code in zip(puts, codes, strict=False):
        if code in _CONDITION:
            return conflict(put.item.key)
    for add, code in zip(adds, codes[len(puts) :], strict=False):
        if code in _CONDITION:
            return full(add.key)
    return Crowded("TransactionConflict") if any(code in _CROWD for code in codes) else None
