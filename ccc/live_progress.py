"""The live table of stages on a terminal, drawn by rich on stderr; import it late."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ccc.attempt import attempt_in_words
from ccc.instance import ENDING, WAITING, Instance, Stage
from ccc.output import plain
from ccc.progress_words import AWAY, SLOW, in_words
from ccc.when import span


class LiveProgress:
    """Redraws four times a second, so that the running stage's time moves between two answers."""

    def __init__(self) -> None:
        self._instance: Instance | None = None
        self._answering = True
        self._since = self._began = time.monotonic()
        self._spinner = Spinner("dots")
        self._live = Live(
            console=Console(stderr=True),
            get_renderable=self._drawn,
            refresh_per_second=4,
            redirect_stdout=False,  # stdout may be a pipe that waits for one JSON document
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last frame standing and the cursor visible."""
        self._live.stop()

    def show(self, instance: Instance) -> None:
        """Draw the instance from now on."""
        self._instance, self._since = instance, time.monotonic()
        self._live.refresh()

    def answering(self, yes: bool) -> None:
        """Draw from now on whether the service answers."""
        if yes != self._answering:
            self._answering = yes
            self._live.refresh()

    def _drawn(self) -> RenderableType:
        instance = self._instance
        if instance is None:
            return Text("…")
        self._spinner.update(text=Text(self._headline(instance)))
        head: RenderableType = (
            self._spinner if instance.status in WAITING | {"deleting"} else Text(self._headline(instance))
        )
        words = attempt_in_words(instance)
        again = [Text(plain(f"attempt {words}"))] if words and instance.status in WAITING else []
        staged = instance.stages and instance.status not in ENDING  # who ends it asks no more how it was made
        return Group(head, *again, *([self._stages(instance)] if staged else []))

    def _headline(self, instance: Instance) -> str:
        step = f", {in_words(instance.stage)}" if instance.stage else ""
        left = instance.seconds_left
        rest = f", {span(left - (time.monotonic() - self._since))} left" if left and not step else ""
        away = "" if self._answering else f" · {AWAY}"
        return plain(f"{instance.id} {instance.status}{step}{rest} · {span(time.monotonic() - self._began)}{away}")

    def _stages(self, instance: Instance) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage in instance.stages:
            current = stage.name == instance.stage
            took, step = self._took(stage, current=current), plain(instance.step or "") if current else ""
            name = Text(in_words(plain(stage.name)))
            table.add_row(_mark(stage, current=current), name, took, self._usually(stage, current=current), Text(step))
        return table

    def _usually(self, stage: Stage, *, current: bool) -> str:
        if current and stage.slow(time.monotonic() - self._since):
            return f"{SLOW} ({span(stage.usual_seconds)})" if stage.usual_seconds else SLOW
        return f"usually {span(stage.usual_seconds)}" if stage.usual_seconds else ""

    def _took(self, stage: Stage, *, current: bool) -> str:
        if not stage.started:
            return ""
        passed = time.monotonic() - self._since if current else 0.0
        return span((stage.seconds or 0.0) + passed) if current or stage.seconds is not None else ""


def _mark(stage: Stage, *, current: bool) -> str:
    if current:
        return "▸"
    return "✓" if stage.started else "·"
