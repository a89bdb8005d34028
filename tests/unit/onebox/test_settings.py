"""What one box reads from the environment, and what the product is given."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from chalicelib.config import settings as product_settings
from onebox.built_system import built_system
from onebox.home import Home
from onebox.prerequisites import Missing, check_machine, wants_dynamodb_local
from onebox.product_environment import product_environment
from onebox.settings import REAL_ENDPOINT, WrongSettings, box_settings


@pytest.mark.parametrize(
    ("variables", "emulated"),
    [
        ({}, True),
        ({"HCLOUD_TOKEN": "t"}, False),
        ({"HCLOUD_TOKEN": "t", "HCLOUD_ENDPOINT": "http://127.0.0.1:1/v1"}, True),
        ({"HCLOUD_ENDPOINT": "http://127.0.0.1:1/v1"}, True),
        ({"HCLOUD_TOKEN": ""}, True),
    ],
)
def test_the_provider_is_real_only_with_a_token_and_no_endpoint(variables: dict[str, str], *, emulated: bool) -> None:
    """A shell that has read another stack's onebox.env buys nothing."""
    settings = box_settings(variables)
    assert settings.emulated is emulated
    assert (settings.endpoint == REAL_ENDPOINT) is not emulated


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CCC_PORT", "http"),
        ("CCC_PORT", "0"),
        ("CCC_EMULATOR_PORT", "65536"),
        ("CCC_EMULATOR_LATENCY", "fast"),
        ("CCC_EMULATOR_LATENCY", "nan"),
        ("CCC_SSH_PORT", "abc"),
        ("ONEBOX_INSTALLER", "/nowhere"),
        ("CCC_TRUSTED_PROXY", "proxy.example.org"),
        ("CCC_EMULATOR_PORT", "8000"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    """The person learns which setting to change."""
    with pytest.raises(WrongSettings, match=name):
        box_settings({name: value})


def test_a_folder_has_one_name(tmp_path: Path) -> None:
    """However the folder is spelt, it is the same one: by its name an earlier life's processes are found."""
    (tmp_path / "link").symlink_to(tmp_path / "var")
    spellings = (tmp_path / "var", tmp_path / "link", tmp_path / "other" / ".." / "var")
    assert {box_settings({"CCC_HOME": str(spelling)}).home for spelling in spellings} == {tmp_path / "var"}


def test_the_composed_environment_satisfies_the_product(tmp_path: Path) -> None:
    """The product's own reader accepts what one box composes, and finds the places in the folder."""
    home = Home(path=tmp_path / "a folder, 100% odd")
    settings = box_settings({"CCC_HOME": str(home.path), "CCC_PORT": "8123", "CCC_EMULATOR_PORT": "8124"})
    read = product_settings(product_environment(settings, home, 2222))
    assert read.public_url == "http://localhost:8123"
    assert read.hetzner_endpoint == "http://127.0.0.1:8124/v1"
    assert read.store.path == str(home.path / "ccc.db")
    assert read.builder.path == str(home.socket)
    assert read.builder.number("slots", 0) == 20
    assert read.keyring.path == str(home.keyring)
    assert read.clock.path == str(home.clock)
    assert read.mail.path == str(home.path / "mail")
    assert read.ssh_port == 2222


def test_what_is_set_already_wins(tmp_path: Path) -> None:
    """A person's setting is passed on; an empty one counts as none."""
    settings = box_settings({"CCC_SIGNUP": "closed", "CCC_MAX_LIVE": "2000", "CCC_TYPES": ""})
    environment = product_environment(settings, Home(path=tmp_path), 22)
    assert (environment["CCC_SIGNUP"], environment["CCC_MAX_LIVE"]) == ("closed", "2000")
    assert environment["CCC_TYPES"].startswith("cx23,")


def test_the_providers_token_is_not_in_the_products_environment(tmp_path: Path) -> None:
    """Secrets travel by the keyring alone."""
    settings = box_settings({"HCLOUD_TOKEN": "very-secret"})
    environment = product_environment(settings, Home(path=tmp_path), 22)
    assert "very-secret" not in environment.values()
    assert "very-secret" not in repr(settings)


def test_real_servers_need_real_programs(tmp_path: Path) -> None:
    """Without nixos-anywhere and nix, a start with a real token is refused, and told what to install."""
    settings = box_settings({"HCLOUD_TOKEN": "t", "PATH": str(tmp_path)})
    with pytest.raises(Missing, match=r"nixos-anywhere and nix.*Install nix"):
        check_machine(settings)


@pytest.fixture
def real(tmp_path: Path) -> dict[str, str]:
    """A person with a token and all programs."""
    for name in ("nixos-anywhere", "nix", "ssh"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return {"HCLOUD_TOKEN": "t", "PATH": str(tmp_path)}


def test_real_servers_need_a_built_system(real: dict[str, str], tmp_path: Path) -> None:
    """With the programs but without closures the start names the variables, and who knows more."""
    with pytest.raises(Missing, match=r"CCC_STORE_PATHS and CCC_KEXEC.*make machine.*ccc doctor"):
        check_machine(box_settings(real), tmp_path / "out")
    given = box_settings({**real, "CCC_STORE_PATHS": "/a /b", "CCC_KEXEC": "/c"})
    check_machine(given, tmp_path / "out")
    assert built_system(given, tmp_path / "out") == "/a /b"


def test_the_built_system_is_found_where_it_is_built(real: dict[str, str], tmp_path: Path) -> None:
    """What `make machine` left is taken without a variable, by its place in the store; a dangling link is not."""
    out, store = tmp_path / "out", tmp_path / "the store"
    out.mkdir()
    for name in ("disko", "toplevel"):
        (out / name).symlink_to(store / f"0-{name}")
    settings = box_settings({**real, "CCC_KEXEC": "/c"})
    with pytest.raises(Missing, match=r"^CCC_STORE_PATHS must"):
        check_machine(settings, out)
    for name in ("disko", "toplevel"):
        (store / f"0-{name}").mkdir(parents=True)
    check_machine(settings, out)
    assert shlex.split(built_system(settings, out) or "") == [str(store / "0-disko"), str(store / "0-toplevel")]


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"CCC_STORE": "dynamodb://ccc"}, True),
        ({"CCC_STORE": "dynamodb://ccc", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}, False),
    ],
)
def test_dynamodb_local_is_started_only_where_nobody_names_another(variables: dict[str, str], *, wanted: bool) -> None:
    """A store in DynamoDB needs a server; one that is named is used."""
    assert wants_dynamodb_local(box_settings(variables)) is wanted
