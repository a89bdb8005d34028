"""`make smoke`: everything that can be seen of a deployed stage without buying anything, a line for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.aws.errors import AwsError
from operate import schedules, standstill
from operate.aws import Aws, as_failure
from operate.checks import Site, Wrong, checks
from operate.failure import OperateFailed
from operate.progress import Pace
from operate.stack import require
from operate.stage import Stage
from operate.terminal import Terminal

WIDTH = 22
PATIENCE = Pace(every=15, longest=300)
"""A first deployment ends before CloudWatch has heard of the first tick."""

SKIPPED_TOKEN = "skipped: CCC_TOKEN is not set"  # noqa: S105 -- a sentence
NOT_REHEARSED = "not tried: a rehearsal has neither EventBridge nor CloudWatch"
TOKEN = "CCC_TOKEN"  # noqa: S105 -- a variable's name

Look = Callable[[], str] | str
"""What tells what was found, or why nobody looks."""


def looked(aws: Aws, stage: Stage, terminal: Terminal, *, url: str | None, patience: Pace = PATIENCE) -> bool:
    """Whether all is well; with an address of its own only that is looked at, and no account is asked."""
    where = url or require(aws, stage.stack).output("PublicUrl")
    site = Site(url=where.rstrip("/"), token=terminal.variable(TOKEN))
    terminal.say(f"smoke: {site.url}")
    asked = [*_of_site(site), *(() if url else _of_account(aws, stage.stack, patience))]
    found = [_told(terminal, name, check) for name, check in asked]  # every one is looked at
    return all(found)


def looked_after_deploying(aws: Aws, stage: Stage, terminal: Terminal) -> bool:
    """Whether all is well after a deployment; of functions that somebody has stopped it is said that they stand."""
    if not standstill.told(aws, stage, terminal):
        return looked(aws, stage, terminal, url=None)
    terminal.say(f"smoke: skipped, since nobody answers; when all of them run again: make smoke STAGE={stage.name}")
    return True


def _of_site(site: Site) -> Iterator[tuple[str, Look]]:
    for name, check in checks(site):
        yield name, SKIPPED_TOKEN if check is None else _bound(check, site)


def _bound(check: Callable[[Site], str], site: Site) -> Callable[[], str]:
    return lambda: check(site)


def _of_account(aws: Aws, stack: str, patience: Pace) -> Iterator[tuple[str, Look]]:
    here = aws.is_rehearsed("events") and aws.is_rehearsed("cloudwatch")
    yield "the schedules", NOT_REHEARSED if here else lambda: schedules.rules(aws, stack)
    yield "the last ticks", NOT_REHEARSED if here else lambda: schedules.called(aws, stack, "tick", patience)


def _told(terminal: Terminal, name: str, check: Look) -> bool:
    if isinstance(check, str):
        terminal.say(f"-    {name:<{WIDTH}}{check}")
        return True
    try:
        terminal.say(f"ok   {name:<{WIDTH}}{check()}")
    except (Wrong, OperateFailed) as wrong:
        terminal.say(f"FAIL {name:<{WIDTH}}{wrong}")
    except AwsError as error:
        terminal.say(f"FAIL {name:<{WIDTH}}{as_failure(error)}")
    else:
        return True
    return False
