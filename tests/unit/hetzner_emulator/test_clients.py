"""Clients nobody changed for us: the hcloud library and the command line of Debian."""

import shutil
import subprocess

import pytest
from hcloud import APIException, Client
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType

from tests.unit.hetzner_emulator.running import Api


def test_the_hcloud_library(api: Api, public_key: str) -> None:
    """The library creates, waits, lists, changes, rebuilds and deletes."""
    client = Client(token=api.token, api_endpoint=api.url, poll_interval=0.01)
    key = client.ssh_keys.create("k", public_key)
    made = client.servers.create(
        name="one",
        server_type=ServerType(name="cpx22"),
        image=Image(name="ubuntu-24.04"),
        location=Location(name="nbg1"),
        ssh_keys=[key],
        labels={"a": "b"},
    )
    made.action.wait_until_finished()
    assert made.root_password is None
    server = client.servers.get_all(label_selector="a=b")[0]
    assert (server.name, server.status) == ("one", "running")
    assert server.location is not None
    assert server.location.name == "nbg1"
    assert server.public_net is not None
    assert server.public_net.ipv4 is not None
    assert server.public_net.ipv4.ip.startswith("127.77.")
    server.update(name="two").power_off().wait_until_finished()
    found = client.servers.get_by_name("two")
    assert found is not None
    assert found.status == "off"
    server.rebuild(Image(name="debian-12")).action.wait_until_finished()
    server_type = client.server_types.get_by_name("cpx22")
    image = client.images.get_by_name_and_architecture("ubuntu-24.04", "arm")
    assert server_type is not None
    assert image is not None
    assert (server_type.architecture, image.architecture) == ("x86", "arm")
    assert client.primary_ips.get_all()[0].assignee_id == server.id
    found.delete().wait_until_finished()
    assert client.servers.get_all() == []
    with pytest.raises(APIException, match="not found"):
        client.servers.get_by_id(int(server.id or 0))


def test_debians_command_line(api: Api, public_key: str) -> None:
    """`hcloud` creates, lists, describes and deletes."""
    hcloud = shutil.which("hcloud")
    if hcloud is None:
        pytest.skip("hcloud is not installed: apt install hcloud-cli")

    def run(*words: str) -> str:
        environment = {"HCLOUD_ENDPOINT": api.url, "HCLOUD_TOKEN": api.token, "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [str(hcloud), *words], env=environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    api.ok("POST", "/ssh_keys", {"name": "k", "public_key": public_key})
    words = ["--name", "one", "--type", "cpx22", "--image", "ubuntu-24.04", "--location", "nbg1", "--ssh-key", "k"]
    assert "IPv4: 127.77." in run("server", "create", *words)
    assert "one" in run("server", "list")
    assert "cpx22" in run("server", "describe", "one")
    assert "deleted" in run("server", "delete", "one")
    assert "one" not in run("server", "list")
