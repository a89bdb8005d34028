"""One job from its settings to its exit code: claim, install, and the one terminal report."""

from __future__ import annotations

import traceback
from typing import TextIO

from builder.api import ControlPlane
from builder.clock import Deadline, SharedClock
from builder.errors import BuildFailed, NotNow, NotWanted, OrderInvalid, Refused
from builder.install import Install
from builder.log_tail import LogTail
from builder.order import claim
from builder.pace import Pace
from builder.redaction import Redaction
from builder.report import Reporter
from builder.settings import Settings
from chalicelib.domain.build import BuildOrder, BuildReport, Cause, Outcome

READY = 0
FAILED = 1
NOT_WANTED = 3


def work(settings: Settings, pace: Pace, log: TextIO) -> int:
    """Do the job and return its exit code; `log` gets every line of output that may be shown. Stopped comes out."""
    api = ControlPlane(settings.api_url, settings.instance_id, settings.attempt)
    try:
        return _build(api, settings, claim(api, settings, pace), pace, log)
    except NotWanted:
        return NOT_WANTED
    except (NotNow, Refused, OrderInvalid) as error:
        log.write(f"ended without an outcome: {error}\n")
        return FAILED
    finally:
        api.close()


def _build(api: ControlPlane, settings: Settings, order: BuildOrder, pace: Pace, log: TextIO) -> int:
    tail = LogTail(Redaction(order, settings.claim_code), log)
    deadline = Deadline(SharedClock(settings.clock_file), order.deadline)
    reporter = Reporter(api, order.build_token, tail, deadline, pace, settings.failpoint)
    install = Install(settings, order, reporter, tail, deadline.earlier(pace.last_word), pace)
    try:
        failure = _outcome(install, tail)
        if failure is not None:
            tail.add(f"failed: {failure}")
        reporter.end(_last_word(failure, tail))
    finally:
        reporter.close()
    return READY if failure is None else FAILED


def _last_word(failure: BuildFailed | None, tail: LogTail) -> BuildReport:
    if failure is None:
        return BuildReport(outcome=Outcome.READY, log_tail=tail.text())
    return BuildReport(outcome=Outcome.FAILED, cause=failure.cause, detail=failure.detail, log_tail=tail.text())


def _outcome(install: Install, tail: LogTail) -> BuildFailed | None:
    """Carry the order out; what went wrong, or None. NotWanted and Stopped come out: nobody waits for a word then."""
    try:
        install.carry_out()
    except BuildFailed as failure:
        return failure
    except NotNow:
        return BuildFailed(Cause.TIMEOUT, "the control plane did not answer in time")
    except (NotWanted, Refused):
        raise
    except Exception as error:  # noqa: BLE001 -- a bug of ours must end the attempt at once, not by its deadline
        for line in traceback.format_exc().splitlines():
            tail.add(line)
        return BuildFailed(Cause.INSTALL_FAILED, f"the builder broke ({type(error).__name__})")
    return None
