"""What `ccc doctor --cloud` needs beside AWS: the provider's ear for one question, and this machine's clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ccc.checked_cloud import Surroundings
from ccc.errors import WrongUse

PROVIDER = "https://api.hetzner.cloud/v1"
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
REHEARSED = "AWS_ENDPOINT_URL_SSM"
"""A rehearsal sets it; beside the real AWS only the real provider is of any use."""

SILENT = 0
"""The status of an answer that did not come."""


def surroundings(endpoint: str | None, variables: Mapping[str, str]) -> Surroundings:
    """Return them; the provider is the real one where no other is named. WrongUse: an emulator beside the real AWS."""
    if endpoint and endpoint.rstrip("/") != PROVIDER and not variables.get(REHEARSED):
        said = f"HCLOUD_ENDPOINT is {endpoint}: that is not the provider, and {REHEARSED} is not set, so AWS is real."
        raise WrongUse(said, next_command="unset HCLOUD_ENDPOINT HCLOUD_TOKEN")
    return Surroundings(
        now=time.time,  # noqa: TID251 this machine's clock is what is looked at
        provider=lambda path, token: ask_provider((endpoint or PROVIDER).rstrip("/") + path, token),
    )


def ask_provider(url: str, token: str) -> tuple[int, dict[str, Any]]:
    """Return status and document of one question; status 0 for no answer."""
    import urllib3  # noqa: PLC0415 late: `ccc --help` must not wait for it

    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    try:
        with urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(total=1, redirect=0)) as pool:
            answer = pool.request("GET", url, headers={"Authorization": f"Bearer {token}"})
            document = answer.json()
    except (urllib3.exceptions.HTTPError, ValueError):
        return SILENT, {}
    return answer.status, document if isinstance(document, dict) else {}
