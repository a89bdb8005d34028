"""botocore's own clients for the stand-ins, with credentials that open nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # same

from onebox.aws.template import REGION
from onebox.aws.wire import Server, Service, serving


def client(service: str, url: str) -> Any:
    """A client that asks once."""
    made = botocore.session.Session()
    made.set_credentials("nobody", "nothing")
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
    return made.create_client(service, region_name=REGION, endpoint_url=url, config=config)


@contextmanager
def served(name: str, service: Service) -> Iterator[Any]:
    """A client of a service that is served for as long as the block lasts."""
    with serving(Server([service])) as url:
        made = client(name, url)
        try:
            yield made
        finally:
            made.close()
