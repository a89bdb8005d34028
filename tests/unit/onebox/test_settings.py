"""What one box reads from the environment, and what the product is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.config import settings as product_settings
from onebox.home import Home
from onebox.prerequisites import wants_dynamodb_local
from onebox.product_environment import product_environment, public_url
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


def test_a_stack_that_there_is_not_is_told() -> None:
    """There is one box and there is the cloud's rehearsal; the sentence names both."""
    with pytest.raises(WrongSettings, match="STACK must be onebox or aws"):
        box_settings({"ONEBOX_STACK": "gcp"})
    assert public_url(box_settings({"ONEBOX_STACK": "aws"})) == "http://localhost:8000/api"
    assert public_url(box_settings({})) == "http://localhost:8000"


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
