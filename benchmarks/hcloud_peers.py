"""Two ways to let a server live and die without us: Debian's `hcloud`, and a plain script with hcloud-python."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass

from hcloud import Client
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType

from benchmarks.outcome import PeerMissing
from benchmarks.variables import given
from tests.stack.box import Box

NAME, TYPE, IMAGE, PLACE = "peer", "cpx22", "ubuntu-24.04", "nbg1"
LOOK_AGAIN_S = 1.0
"""The pause of the script between two looks; hcloud-python's own wait for an action takes the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """An empty project at the emulator: the API's address, ending in /v1, and its token."""

    endpoint: str
    token: str


def required() -> None:
    """PeerMissing, with what is to be installed."""
    if shutil.which("hcloud") is None:
        raise PeerMissing("`hcloud` is not installed (Debian: apt-get install hcloud-cli).")


def new_project(box: Box) -> Project:
    """A project beside the one of the box, at the same emulator."""
    token = secrets.token_hex(32)
    with (box.home / "emulator" / "tokens").open("a", encoding="utf-8") as file:
        file.write(f"{token} {secrets.token_hex(8)}\n")
    return Project(endpoint=f"http://127.0.0.1:{box.emulator_port}/v1", token=token)


def command_line(project: Project) -> None:
    """Create, which waits until the server runs, and delete, which waits until it is gone."""
    wish = ["--name", NAME, "--type", TYPE, "--image", IMAGE, "--location", PLACE]
    with given(HCLOUD_ENDPOINT=project.endpoint, HCLOUD_TOKEN=project.token):
        for command in (["create", *wish], ["delete", NAME]):
            subprocess.run(["hcloud", "server", *command], check=True, capture_output=True)


def script(project: Project) -> None:
    """Create, wait for the actions, look until it runs, delete, wait for the action."""
    client = Client(token=project.token, api_endpoint=project.endpoint)
    made = client.servers.create(
        name=NAME, server_type=ServerType(name=TYPE), image=Image(name=IMAGE), location=Location(name=PLACE)
    )
    for action in (made.action, *made.next_actions):
        action.wait_until_finished()
    server = made.server
    while server.status != server.STATUS_RUNNING:
        time.sleep(LOOK_AGAIN_S)
        server.reload()
    client.servers.delete(server).wait_until_finished()
