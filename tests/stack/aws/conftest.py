"""A stack of the packaged functions for all tests of a module, and what its stand-ins can be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from onebox import dynamodb_local
from tests.missing import without
from tests.stack.bad_inputs.inside import inside_of
from tests.stack.bad_inputs.stranger import Stranger
from tests.stack.box import CHECKOUT, Box, running
from tests.stack.operators_aws import in_this_process


def needs_dynamodb_local() -> None:
    """End the test where it cannot be started."""
    if why := dynamodb_local.missing(CHECKOUT / dynamodb_local.DIRECTORY):
        without(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """The stand-ins beside a box."""

    box: Box

    @property
    def folder(self) -> Path:
        """What they keep."""
        return self.box.home / "aws"

    def order(self, path: str, **document: Any) -> None:
        """Send a document to an address of the stand-ins' own."""
        port = int((self.folder / "services-port").read_text())
        request = Request(f"http://127.0.0.1:{port}/_onebox{path}", json.dumps(document).encode(), method="POST")
        with urlopen(request, timeout=90) as answer:  # noqa: S310 -- our own stand-in on 127.0.0.1
            assert answer.status == 200

    def log(self, function: str) -> list[dict[str, Any]]:
        """What a function has logged, line by line."""
        file = self.box.home / "log" / f"{function}.log"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def alarms(self, function: str) -> set[str]:
        """The alarms that a function has raised."""
        return {line["event"] for line in self.log(function) if line.get("alarm") is True}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """`make up STACK=aws`, open to guests; the blanks in its path are what a user's folder may have too."""
    needs_dynamodb_local()
    with running(tmp_path_factory.mktemp("a cloud") / "its var", ONEBOX_STACK="aws") as started:
        yield started


@pytest.fixture
def stranger(box: Box) -> Iterator[Stranger]:
    """Somebody without a token at the gateway, and a look behind it."""
    with in_this_process(box):
        yield Stranger(box=box, inside=inside_of(box))


@pytest.fixture
def aws(box: Box) -> Aws:
    """The stand-ins of the module's stack."""
    return Aws(box=box)
