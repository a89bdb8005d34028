"""A CodebuildInstaller at a stand-in whose builds only sleep, and the environment in which botocore finds one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chalicelib.adapters.codebuild_installer import CodebuildInstaller
from onebox.codebuild import buildspec
from onebox.codebuild.build import Project
from onebox.codebuild.builds import TARGET, Builds
from onebox.codebuild.wire import Server, serving
from tests.fakes.alarms import FakeAlarms

PROJECT = "ccc-contract-builder"
REGION = "eu-central-1"
SLEEPS = "version: 0.2\nphases: {build: {commands: ['exec sleep 60']}}\n"


@contextmanager
def aws_settings(service: str, url: str) -> Iterator[None]:
    """The environment that leads botocore to a service at a URL, with credentials that open nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", secrets.token_hex(8))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
        yield


@contextmanager
def house(folder: Path, slots: int, queued_seconds: float = 0.0) -> Iterator[CodebuildInstaller]:
    """An installer whose builds sleep until they are stopped; none is left at the end."""
    project = Project(name=PROJECT, buildspec=buildspec.read(SLEEPS), source=folder, image={"PATH": "/usr/bin:/bin"})
    builds = Builds([project], folder / "builds", slots=slots, queued_seconds=queued_seconds)
    with serving(Server(TARGET, builds.operations())) as url, aws_settings("CODEBUILD", url):
        yield CodebuildInstaller(PROJECT, FakeAlarms(), region=REGION)
    builds.close()
