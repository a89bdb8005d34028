"""The note `ended` beside a stage's parameters: this stack's servers were confirmed gone, so that its marker may go.

It is written before the marker is deleted, since nothing at the provider can confirm anything afterwards. It is good
for one stack and one marker, and only while the API function stands still: whoever brings the stage back starts that.
Whoever founds a stack of the stage throws it away, since it is about the one before.
"""

from __future__ import annotations

import json

from operate import parameters, standstill
from operate.aws import Aws
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
    if kept.value == _text(founded) and standstill.stands(aws, stage.api, absent=True):
        return True
    delete(aws, stage)
    return False


def names(aws: Aws, stage: Stage) -> str | None:
    """The uuid of the stack that the note is about; None without a note, or with one that says nothing."""
    kept = parameters.read(aws, _name(stage))
    try:
        return None if kept is None else str(json.loads(kept.value)["stack"])
    except (ValueError, KeyError, TypeError):
        return None


def delete(aws: Aws, stage: Stage) -> bool:
    """Throw the note away; whether it was there."""
    return parameters.delete(aws, _name(stage))


def _text(founded: Founded) -> str:
    return json.dumps({"stack": founded.uuid, "marker": founded.marker_id})


def _name(stage: Stage) -> str:
    return f"{stage.path}/{NAME}"
