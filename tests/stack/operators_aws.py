"""The rehearsed account as its operator reaches it: what `. var/aws/env` brings, for a client or for this process."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import pytest

from tests.stack.box import Box

_EXPORTED = re.compile(r"^export (\w+)=(.*)$", re.MULTILINE)


def variables(box: Box) -> dict[str, str]:
    """What a shell has after it has read the file."""
    return dict(_read((box.home / "aws" / "env").read_text()))


def client(box: Box, service: str) -> Any:
    """A client of one service; nothing of this process's own surroundings is in it."""
    return _client(tuple(variables(box).items()), service)


def table(box: Box) -> tuple[Any, str]:
    """A client of DynamoDB, and the name of the stack's one table."""
    dynamodb = client(box, "dynamodb")
    (name,) = dynamodb.list_tables()["TableNames"]
    return dynamodb, name


@functools.lru_cache(maxsize=32)
def _client(given: tuple[tuple[str, str], ...], service: str) -> Any:
    """Kept, since making one reads megabytes; each life of a stack has a key of its own."""
    found = dict(given)
    return botocore.session.Session().create_client(
        service,
        region_name=found["AWS_REGION"],
        endpoint_url=found.get(f"AWS_ENDPOINT_URL_{service.upper()}", found["AWS_ENDPOINT_URL"]),
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
    )


def _read(text: str) -> Iterator[tuple[str, str]]:
    for name, value in _EXPORTED.findall(text):
        yield name, "".join(shlex.split(value))


@contextmanager
def in_this_process(box: Box) -> Iterator[None]:
    """For a while this process is an operator's of the box; nothing happens for a box that has no AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(box).items() if box.stack == "aws" else ():
            patch.setenv(name, value)
        yield
