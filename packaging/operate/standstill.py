"""Functions that stand still: with no concurrency at all Lambda runs none of their calls.

Somebody stopped them: a restore from a backup (docs/operating.md), or an end of the stage that was killed. Whoever
deploys meanwhile is told, since nothing else would.
"""

from __future__ import annotations

from chalicelib.aws.errors import Answered
from operate.aws import Aws, is_absent
from operate.stage import Stage
from operate.terminal import Terminal

SCHEDULED = ("tick", "reap")


def stands(aws: Aws, function: str, *, absent: bool = False) -> bool:
    """Whether a function was stopped; `absent` is the answer for one that is not there."""
    try:
        answer = aws.call("lambda", "get_function_concurrency", FunctionName=function)
    except Answered as error:
        if is_absent(error):
            return absent
        raise
    return answer.get("ReservedConcurrentExecutions") == 0


def told(aws: Aws, stage: Stage, terminal: Terminal) -> bool:
    """Whether any of the functions that begin work stands still; each is said, with the command that lets it go."""
    functions = (stage.api, *(f"{stage.stack}-{name}" for name in SCHEDULED))
    still = [each for each in functions if stands(aws, each)]
    for each in still:
        terminal.say(f"{each} STANDS STILL: its concurrency is 0, from a restore or an end that was not finished")
        terminal.say(f"  to let it go: aws lambda delete-function-concurrency --function-name {each}")
    return bool(still)
