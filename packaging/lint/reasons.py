"""Why a right that no recorded life uses is there all the same: one sentence per function and action.

Whoever adds a right adds a life that uses it, or a line here. A line for a right that is used, or that is not there,
fails the check (`rights.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from lint.functions import DEPLOYED
from lint.rights import Excused

_BENEATH_A_PATH = "*/?"
"""A right whose resource ends in `/` and one more character, which is a star."""

_LOG = "Lambda's own agent writes the log in the function's name: no call of the code"
_BENEATH = (
    "the functions ask for the path itself, and that is what IAM is asked about as far as AWS's texts say; whether it"
    " is asked about what lies beneath it too could not be tried without an account"
)
_NO_REFERENCE = (
    "asked for a task whose ARN the row does not have; a start that was answered leaves one, so no life gets here, and"
    " without the right such a task could be neither found nor stopped"
)

REASONS: Mapping[Excused, str] = {
    **{Excused(function=each, action="logs:CreateLogStream"): _LOG for each in DEPLOYED},
    **{Excused(function=each, action="logs:PutLogEvents"): _LOG for each in DEPLOYED},
    **{
        Excused(function=each, action="ssm:GetParametersByPath", resource=_BENEATH_A_PATH): _BENEATH
        for each in DEPLOYED
    },
    **{Excused(function=each, action="ecs:ListTasks"): _NO_REFERENCE for each in ("Advance", "Reap", "Tick")},
    Excused(function="MailFeedback", action="dynamodb:PutItem"): (
        "ends the reminders of a machine that runs when its letters bounce; the lives that are recorded end before"
        " their machine runs, and `make up STACK=aws` shows the call"
    ),
    Excused(function="MailFeedback", action="sqs:SendMessage"): (
        "Lambda sends what could not be worked in to the queue, in the function's name: no call of the code"
    ),
}
