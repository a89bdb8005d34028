"""`builder/buildspec.yml` run by the stand-in: the real builder, the overrides of a real start, a real claim."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from chalicelib.adapters.codebuild_installer import CodebuildInstaller
from chalicelib.operations.ports import BuildStart, BuildState
from onebox.codebuild import buildspec
from onebox.codebuild.build import Project
from onebox.codebuild.builds import TARGET, Builds
from onebox.codebuild.wire import Server, serving
from onebox.stand_ins import stand_in_system
from tests.contract.codebuild_house import REGION, aws_settings
from tests.fakes.alarms import FakeAlarms
from tests.unit.onebox.codebuild.control_plane import ControlPlane, listening
from tests.unit.onebox.codebuild.project import NAME, until

CHECKOUT = Path(__file__).parents[4]
ID = "0123456789ab"


def _project(folder: Path) -> Project:
    """The project as it is deployed, on an image that holds what builder/Dockerfile says."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    (programs / "nixos-anywhere").symlink_to(CHECKOUT / "onebox/bin/nixos-anywhere")
    text = (CHECKOUT / "builder/buildspec.yml").read_text(encoding="utf-8")
    site = next(path for path in sys.path if path.endswith("site-packages"))
    image = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHONPATH": f"{CHECKOUT}:{site}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **stand_in_system(folder),
    }
    return Project(name=NAME, buildspec=buildspec.read(text), source=folder, image=image)


def test_a_start_becomes_a_claim(tmp_path: Path) -> None:
    """The overrides of a start reach the builder, which claims its attempt with the code, and ends at a 410."""
    builds = Builds([_project(tmp_path)], tmp_path / "builds")
    plane, code = ControlPlane(410), f"ccc_claim_{secrets.token_urlsafe(16)}"
    with (
        listening(plane) as url,
        serving(Server(TARGET, builds.operations())) as codebuild,
        aws_settings("CODEBUILD", codebuild),
    ):
        installer = CodebuildInstaller(NAME, FakeAlarms(), region=REGION)
        start = BuildStart(instance_id=ID, attempt=2, api_url=f"{url}/api", claim_code=code)
        reference = installer.start(start)
        assert until(lambda: installer.state(ID, 2, reference) is BuildState.STOPPED)
    builds.close()
    log = (builds.folder_of(reference) / "log").read_text()
    assert plane.asked == [(f"/api/builds/{ID}/2/claim", f"Bearer {code}")], log
    assert code not in log
    (found,) = builds.batch_get({"ids": [reference]})["builds"]
    assert found["buildStatus"] == "FAILED"  # the builder's exit code 3: the attempt is not wanted


def test_a_stop_ends_the_builder(tmp_path: Path) -> None:
    """A builder that waits for its order is gone once CodeBuild says that the build is complete."""
    builds = Builds([_project(tmp_path)], tmp_path / "builds")
    plane = ControlPlane(425)
    with (
        listening(plane) as url,
        serving(Server(TARGET, builds.operations())) as codebuild,
        aws_settings("CODEBUILD", codebuild),
    ):
        installer = CodebuildInstaller(NAME, FakeAlarms(), region=REGION)
        reference = installer.start(BuildStart(instance_id=ID, attempt=1, api_url=url, claim_code="ccc_claim_x"))
        assert until(lambda: plane.asked)
        installer.stop(ID, 1, reference)
        assert until(lambda: installer.state(ID, 1, reference) is BuildState.STOPPED)
        asked = len(plane.asked)
        assert not until(lambda: len(plane.asked) > asked, within_seconds=0.3)
    builds.close()
