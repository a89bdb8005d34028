"""Whether a stage has its secrets, whether the provider takes its token, whose project that is, how far clocks are.

No value is shown; the provider's token is read for one question to the provider, and goes into its header alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ccc import checked_cloud_marker
from ccc.cloud_account import Cloud, CloudRefused
from ccc.cloud_stage import CloudStage
from ccc.finding import Finding, good, missing, note

MOST_SECONDS = 60.0
"""A signature is refused from five minutes on, and builds and markers are judged by minutes."""

OK, UNAUTHORIZED, FORBIDDEN, NOBODY = 200, 401, 403, 0
MARKERS = "/ssh_keys?label_selector=managed-by%3Dccc&per_page=50"
SECRETS, SECRET = ("keyring", "hetzner_token"), "SecureString"
URL, PLAIN = "public_url", "String"


def clock(answer: Mapping[str, Any], now: float) -> Finding:
    """Return how far this machine's clock is from AWS's."""
    try:
        theirs = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    except (KeyError, ValueError):
        return note("clock", "AWS does not say what time it is")
    apart = round(abs(now - theirs))
    if apart <= MOST_SECONDS:
        return good("clock", f"{apart} s from AWS's")
    return missing("clock", f"{apart} s from AWS's", "timedatectl set-ntp true")


def parameters(account: Cloud, stage: CloudStage) -> Iterator[Finding]:
    """Yield a finding for each secret that every function needs, and for the address that links begin with."""
    answer = account.ask("ssm", "get_parameters_by_path", Path=stage.path)
    there = {each["Name"].rpartition("/")[2]: each for each in answer["Parameters"]}
    for name in SECRETS:
        yield _stored(stage, name, SECRET, there.get(name), f"make secrets STAGE={stage.name}")
    yield _address(stage, there.get(URL))


def _stored(stage: CloudStage, name: str, kind: str, stored: Mapping[str, Any] | None, remedy: str) -> Finding:
    shown = f"{stage.path}/{name}"
    if stored is None:
        return missing(shown, "it is not there", remedy)
    if stored["Type"] != kind:
        gone = f"aws ssm delete-parameter --name {shown}, then {remedy}"
        return missing(shown, f"it is a {stored['Type']} and not a {kind}", gone)
    return good(shown, "there")


def _address(stage: CloudStage, stored: Mapping[str, Any] | None) -> Finding:
    """Return whether the address is what the stack wrote; a deployment without a change would not write it again.

    The remedy is in JSON because version 1 of `aws` would put the page there that a plain value leads to.
    """
    wanted, name = stage.outputs.get("PublicUrl"), f"{stage.path}/{URL}"
    if wanted is None:
        return _stored(stage, URL, PLAIN, stored, f"make deploy STAGE={stage.name}")
    value = f"--cli-input-json '{json.dumps({'Value': wanted})}'"
    remedy = f"aws ssm put-parameter --name {name} --type {PLAIN} --overwrite {value}"
    if stored is None:
        return missing(name, "it is not there: no letter is sent, no machine made and no page shown", remedy)
    if stored["Type"] == PLAIN and stored["Value"] != wanted:
        return missing(name, f"it says {stored['Value']}, and the stack {wanted}", remedy)
    return _stored(stage, URL, PLAIN, stored, remedy)


def provider(
    account: Cloud, stage: CloudStage, ask: Callable[[str, str], tuple[int, dict[str, Any]]]
) -> Iterator[Finding]:
    """Yield whether the provider takes the token and the project holds our marker; `ask` takes path and token."""
    try:
        stored = account.ask("ssm", "get_parameter", Name=f"{stage.path}/hetzner_token", WithDecryption=True)
    except CloudRefused as error:
        if error.absent:
            return  # that it is missing is said already
        raise
    status, document = ask(MARKERS, stored["Parameter"]["Value"])
    if status != OK:
        yield _unasked(status, stage)
        return
    yield good("provider's token", "it is accepted")
    yield checked_cloud_marker.marker(account, stage, [each["name"] for each in document.get("ssh_keys", [])])


def _unasked(status: int, stage: CloudStage) -> Finding:
    if status in {UNAUTHORIZED, FORBIDDEN}:
        return missing("provider's token", "the provider rejects it", f"make secrets STAGE={stage.name} ROTATE=hetzner")
    said = "the provider does not answer" if status == NOBODY else f"the provider answers with status {status}"
    return note("provider's token", said, "look at https://status.hetzner.com, then again")
