"""The user_data of a new server: a document that cloud-init reads, with our keys and no password."""

from __future__ import annotations

import secrets

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types, and its stubs are not pinned here

from chalicelib.domain.build import KeyPair
from chalicelib.domain.cloud_config import MAX_BYTES, cloud_config

PRIVATE = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{secrets.token_hex(200)}\n-----END OPENSSH PRIVATE KEY-----\n"
TEXT = cloud_config(host_key=KeyPair(private=PRIVATE, public="ssh-ed25519 K1"), install_key="ssh-ed25519 I")


def test_the_document_is_yaml_with_exactly_these_keys() -> None:
    """The first line says what it is, and the rest is YAML with what the architecture asks for."""
    assert TEXT.startswith("#cloud-config\n")
    assert yaml.safe_load(TEXT) == {
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": PRIVATE, "ed25519_public": "ssh-ed25519 K1"},
        "ssh_genkeytypes": [],
        "disable_root": False,
        "ssh_pwauth": False,
        "chpasswd": {"expire": False},
        "users": [{"name": "root", "ssh_authorized_keys": ["ssh-ed25519 I"]}],
    }


def test_nothing_can_break_out_of_its_value() -> None:
    """A value full of YAML stays the value it is."""
    evil = 'x"\n- {a: b}\n#: |\n\t%'
    read = yaml.safe_load(cloud_config(host_key=KeyPair(private=evil, public=evil), install_key=evil))
    assert read["users"][0]["ssh_authorized_keys"] == [evil]
    assert read["ssh_keys"] == {"ed25519_private": evil, "ed25519_public": evil}


def test_the_document_is_far_below_the_providers_limit() -> None:
    """Two ed25519 keys need a small part of the 32 KiB that Hetzner takes."""
    assert len(TEXT.encode()) < MAX_BYTES / 10
