"""The stand-in as a process: it says where it listens, serves, and takes its builds with it when it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.adapters.codebuild_installer import CodebuildInstaller
from chalicelib.operations.ports import BuildStart
from onebox import marks
from tests.contract.codebuild_house import REGION, SLEEPS, aws_settings
from tests.fakes.alarms import FakeAlarms
from tests.unit.onebox.codebuild.project import NAME, until

CHECKOUT = Path(__file__).parents[4]
START = BuildStart(instance_id="0123456789ab", attempt=1, api_url="http://127.0.0.1:1", claim_code="ccc_claim_x")


def _command(folder: Path) -> list[str]:
    options = {"project": NAME, "buildspec": folder / "spec.yml", "image": folder / "image.json"}
    options |= {"source": folder, "folder": folder / "builds"}
    listed = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "onebox.codebuild", *listed]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_build_outlives_the_process(number: signal.Signals, tmp_path: Path) -> None:
    """However the process ends, a build that it started is gone soon after."""
    (tmp_path / "spec.yml").write_text(SLEEPS)
    (tmp_path / "image.json").write_text(json.dumps({"PATH": "/usr/bin:/bin"}))
    environment = {"PYTHONPATH": str(CHECKOUT), marks.VARIABLE: f"{tmp_path}|test|codebuild"}
    with subprocess.Popen(_command(tmp_path), stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        word, url = process.stdout.readline().split()
        assert word == "listening"
        with aws_settings("CODEBUILD", url):
            CodebuildInstaller(NAME, FakeAlarms(), region=REGION).start(START)
        assert until(lambda: len(marks.marked(f"{tmp_path}|test|codebuild/")) > 0)
        process.send_signal(number)
        assert process.wait(60) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    assert until(lambda: marks.marked(f"{tmp_path}|test|codebuild/") == [])


def test_a_buildspec_that_is_none_is_told(tmp_path: Path) -> None:
    """A process that cannot serve says why and ends with 2."""
    (tmp_path / "spec.yml").write_text("version: 7")
    (tmp_path / "image.json").write_text("{}")
    environment = {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(_command(tmp_path), capture_output=True, env=environment, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "codebuild: its version is not 0.2\n")
