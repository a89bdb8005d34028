"""Which benchmarks there are, and how they are run: one after the other, each imported when its turn comes.

A benchmark is a module with `measure(*, quick) -> Outcome`. Quick mode takes the smallest sizes that still show a
figure: it proves that a benchmark works, and nothing about speed.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from benchmarks.outcome import Outcome, PeerMissing

NAMES = (
    "onebox_start",
    "one_provision",
    "twenty_provisions",
    "requests_per_life",
    "sqlite_store",
    "emulator_speed",
    "api_overhead",
    "cold_import",
    "reap_scaling",
)


@dataclass(slots=True, kw_only=True)
class Results:
    """What came out, by name: figures, why there are none, and the traces of what broke."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def run(names: Iterable[str], *, quick: bool, say: Callable[[str], None]) -> Results:
    """Run benchmarks; one that breaks does not keep the others from being run."""
    results = Results()
    for name in names:
        say(f"{name} …")
        try:
            results.outcomes[name] = importlib.import_module(f"benchmarks.{name}").measure(quick=quick)
        except PeerMissing as error:
            results.missing[name] = str(error)
        except Exception:  # noqa: BLE001 -- the others are still worth their time; the trace is shown at the end
            results.broken[name] = traceback.format_exc()
    return results
