"""An event that reaches nobody, and an alarm that tells nobody what to do, are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lint import alarm_rules
from lint.raised import NotPlain, raised
from lint.resolved import Stack

ROOT = Path(__file__).resolve().parents[3]
EVENTS = frozenset(raised(ROOT / "chalicelib"))
RUNBOOK = (ROOT / "docs" / "alarms.md").read_text(encoding="utf-8")


def alarm(all_: dict[str, Any], name: str) -> dict[str, Any]:
    """The properties of an alarm or of a filter."""
    found: dict[str, Any] = all_[name]["Properties"]
    return found


MISTAKES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("no alarm", lambda all_: all_.pop("AlarmStackFrozen"), "nobody watches the event stack.frozen"),
    ("no section", lambda all_: alarm(all_, "AlarmReapSilent").update(AlarmName="ccc-dev reap.quiet"),
     "the runbook has no section reap.quiet"),
    ("a section too many", lambda all_: all_.pop("AlarmReapSilent"),
     "the runbook's section reap.silent is about no alarm"),
    ("no action", lambda all_: alarm(all_, "AlarmStackFrozen").pop("AlarmActions"),
     "the alarm stack.frozen tells nobody"),
    ("silence is golden", lambda all_: alarm(all_, "AlarmReapSilent").update(TreatMissingData="notBreaching"),
     "the alarm reap.silent takes silence for a good sign"),
    ("another event", lambda all_: alarm(all_, "AlarmStackFrozen")["Dimensions"][0].update(Value="sweep.refused"),
     "the alarm stack.frozen watches the event sweep.refused"),
    ("no hint", lambda all_: alarm(all_, "AlarmStackFrozen").update(AlarmDescription="Oh."),
     "the alarm stack.frozen does not say where to read on"),
    ("a log nobody reads", lambda all_: all_.pop("MailFeedbackEvents"),
     "nobody counts the events in the log of MailFeedback"),
    ("another line", lambda all_: all_["TickEvents"]["Properties"].update(FilterPattern="{ $.alarm IS FALSE }"),
     "nobody counts the events in the log of Tick"),
    ("all events in one", lambda all_: alarm(all_, "TickEvents")["MetricTransformations"][0].update(Dimensions=[]),
     "nobody counts the events in the log of Tick"),
]  # fmt: skip


def test_our_own_are_right(stack: Stack) -> None:
    """Every event that the code raises has an alarm, every alarm a section of the runbook, and none is left over."""
    assert list(alarm_rules.problems(stack, EVENTS, RUNBOOK)) == []


@pytest.mark.parametrize(("plant", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake(stack: Stack, resources: dict[str, Any], plant: Callable[[dict[str, Any]], Any], said: str) -> None:
    """A planted mistake is named."""
    plant(resources)
    assert said in alarm_rules.problems(stack, EVENTS, RUNBOOK)


def test_code_and_alarms_go_together(stack: Stack) -> None:
    """An event that is new in the code is missed in the template, and one that has left the code is there too much."""
    events = (EVENTS | {"news.broken"}) - {"stack.frozen"}
    assert {"nobody watches the event news.broken", "the alarm stack.frozen is never raised"} <= set(
        alarm_rules.problems(stack, events, RUNBOOK)
    )


def test_names_are_read_from_the_code(tmp_path: Path) -> None:
    """Every call counts, wherever the alarms come from; a name that is made at run time is refused."""
    (tmp_path / "one.py").write_text('alarms.raise_alarm("a.b", x=1)\nself._alarms.raise_alarm("c.d")\n')
    (tmp_path / "two.py").write_text('def raise_alarm(event): ...\nservices.alarms.raise_alarm(\n    "a.b",\n)\n')
    assert raised(tmp_path) == {"a.b": {"one.py", "two.py"}, "c.d": {"one.py"}}
    (tmp_path / "three.py").write_text('alarms.raise_alarm(f"a.{b}")\n')
    with pytest.raises(NotPlain, match=r"three\.py:1"):
        raised(tmp_path)


def test_a_name_that_is_handed_on_is_looked_for_at_the_caller(tmp_path: Path) -> None:
    """What raises an alarm for others is no event itself; those who call it name theirs, and plainly."""
    (tmp_path / "seldom.py").write_text(
        "def raise_seldom(now, alarms, event, **fields):\n    alarms.raise_alarm(event, **fields)\n"
        "class Seldom:\n    def raise_alarm(self, event):\n        raise_seldom(1, self.a, event)\n"
    )
    (tmp_path / "one.py").write_text('raise_seldom(1, it, "a.b", x=1)\n')
    assert raised(tmp_path) == {"a.b": {"one.py"}}
    (tmp_path / "two.py").write_text("def f(event, name):\n    name = event + '.x'\n    raise_seldom(1, it, other)\n")
    with pytest.raises(NotPlain, match=r"two\.py:3"):
        raised(tmp_path)
