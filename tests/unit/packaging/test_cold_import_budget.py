"""The cold import is held to its budget: by processor time, in pairs of neighbours, by the median of their ratios."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from artefact import cold_import
from artefact.build import Job

PUT_OFF = "import email_validator, hcloud, icalendar, jinja2, paramiko, pydantic, pynamodb.models\n"
"""What a careless line at the top of a file would load at every cold start."""


def test_the_budget_of_the_cold_import_is_kept(made: Job) -> None:
    """Out of the artefact `app` is there in 0.22 of the processor time of the plain package."""
    pairs = cold_import.measured(made.place, made.project, made.cache, rounds=3)
    assert cold_import.exceeded(pairs) is None, pairs


def test_imports_that_are_not_put_off_break_the_budget(made: Job, tmp_path: Path) -> None:
    """The same artefact with one line more, which imports at once what is put off, is beyond the budget."""
    slower = tmp_path / "slower"
    shutil.copytree(made.place, slower)
    with (
        zipfile.ZipFile(made.place / "deployment.zip") as archive,
        zipfile.ZipFile(slower / "deployment.zip", "w") as changed,
    ):
        for name in archive.namelist():
            if not name.startswith("__pycache__/app."):  # byte code is never compared with its source
                changed.writestr(name, archive.read(name) + (PUT_OFF.encode() if name == "app.py" else b""))
    pairs = cold_import.measured(slower, made.project, made.cache, rounds=1, warm_ups=0)
    assert cold_import.exceeded(pairs) is not None, pairs


def test_the_median_is_judged() -> None:
    """One slow round does not decide, and neither does one quick one; a median beyond the budget is a sentence."""
    assert cold_import.exceeded([(0.2, 1.0), (0.19, 1.0), (5.0, 1.0)]) is None
    assert "0.230" in str(cold_import.exceeded([(0.23, 1.0), (0.1, 1.0), (0.24, 1.0)]))
