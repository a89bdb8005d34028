"""Parts that are quicker to look at alone: clock, cloud-config, selectors, merge patches, money."""

from decimal import Decimal
from pathlib import Path

import pytest

from hetzner_emulator.billing import cost
from hetzner_emulator.clock import Clock, parse_iso
from hetzner_emulator.cloudconfig import read
from hetzner_emulator.errors import ApiError
from hetzner_emulator.faults.patch import merge
from hetzner_emulator.rate import LIMIT, RateBucket
from hetzner_emulator.selector import parse


def test_the_clock_reads_its_file_at_use(tmp_path: Path) -> None:
    """The offset follows the file, also when it is replaced, emptied or taken away."""
    file = tmp_path / "clock"
    clock, real = Clock(file), Clock()
    assert abs(clock.now() - real.now()) < 1
    file.write_text("7200")
    assert clock.now() - real.now() == pytest.approx(7200, abs=1)
    new = tmp_path / "new"
    new.write_text("-60.5\n")
    new.replace(file)
    assert clock.now() - real.now() == pytest.approx(-60.5, abs=1)
    file.unlink()
    assert abs(clock.now() - real.now()) < 1


def test_a_clock_can_be_stopped(tmp_path: Path) -> None:
    """A file with `=` in front says what time it is, whatever time passes; without it the clock goes on."""
    file = tmp_path / "clock"
    file.write_text("=2000000000.5")
    clock = Clock(file)
    assert clock.now() == clock.now() == 2_000_000_000.5
    file.write_text("60")
    assert clock.now() - Clock().now() == pytest.approx(60, abs=1)


def test_cloud_config() -> None:
    """Keys for root, the host key and the password rule are read; the rest is left alone."""
    boot = read(
        "#cloud-config\nssh_keys: {ed25519_private: PEM}\nssh_authorized_keys: [one]\n"
        "users: [default, {name: root, ssh_authorized_keys: [two]}, {name: bob, ssh_authorized_keys: [three]}]\n"
        "chpasswd: {expire: false}\nruncmd: [[touch, x]]\n"
    )
    assert (boot.root_keys, boot.host_key, boot.expire) == (("one", "two"), "PEM", False)


@pytest.mark.parametrize("text", ["", "#!/bin/sh\n", "#cloud-config\n[", "#cloud-config\n- a\n"])
def test_what_is_no_cloud_config(text: str) -> None:
    """Other user_data says nothing, and the password expires."""
    boot = read(text)
    assert (boot.root_keys, boot.host_key, boot.expire) == ((), None, True)


def test_a_broken_selector_is_refused() -> None:
    """A selector that is none is an error of the API, not an empty list."""
    with pytest.raises(ApiError, match="label_selector"):
        parse("a=b=c")


def test_merge_patch() -> None:
    """A null takes away, an object goes deeper, all else replaces (RFC 7396)."""
    assert merge({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None}, "d": 3}) == {"a": {"c": 2}, "d": 3}


def test_the_bucket_refills_by_one_a_second() -> None:
    """3600 requests go at once, then one a second."""
    bucket = RateBucket(0.0)
    for _ in range(LIMIT):
        bucket.take(0.0)
    with pytest.raises(ApiError, match="limit of 3600"):
        bucket.take(0.5)
    assert bucket.take(2.5)["RateLimit-Remaining"] == "1"


def test_each_month_has_its_own_cap() -> None:
    """Hours on both sides of a month's end are capped apart."""
    start = parse_iso("2026-01-30T00:00:00Z")
    prices = (Decimal(1), Decimal(40))
    assert cost(start, 48 + 30, prices) == Decimal(40 + 30)
