"""The note `ended` beside a stage's parameters: this stack's servers were confirmed gone, so that its marker may go.

It is written before the marker is deleted, since nothing at the provider can confirm anything afterwards. It is good
for one stack and one marker, and only while the API function stands still: whoever brings the stage back starts that.
"""

from __future__ import annotations

import json

from chalicelib.aws.errors import Answered
from operate import parameters
from operate.aws import Aws, is_absent
from operate.stage import Stage
from operate.table import Founded

NAME = "ended"


def write(aws: Aws, stage: Stage, founded: Founded) -> None:
    """Note that this stack's servers are gone."""
    parameters.note(aws, _name(stage), _text(founded))


def is_good(aws: Aws, stage: Stage, founded: Founded) -> bool:
    """Whether the note is about this stack and nothing can have been ordered since; one that is not good is deleted."""
    kept = parameters.read(aws, _name(stage))
    if kept is None:
        return False
    if kept.value == _text(founded) and _stands_still(aws, stage):
        return True
    delete(aws, stage)
    return False


def is_there(aws: Aws, stage: Stage) -> bool:
    """Whether a stack of this stage was ended; which one is not asked."""
    return parameters.read(aws, _name(stage)) is not None


def delete(aws: Aws, stage: Stage) -> bool:
    """Throw the note away; whether it was there."""
    return parameters.delete(aws, _name(stage))


def _stands_still(aws: Aws, stage: Stage) -> bool:
    """Whether nobody can order: the API function may not run at all, or has gone with the stack."""
    try:
        answer = aws.call("lambda", "get_function_concurrency", FunctionName=stage.api)
    except Answered as error:
        if is_absent(error):
            return True
        raise
    return answer.get("ReservedConcurrentExecutions") == 0


def _text(founded: Founded) -> str:
    return json.dumps({"stack": founded.uuid, "marker": founded.marker_id})


def _name(stage: Stage) -> str:
    return f"{stage.path}/{NAME}"
