"""The builder's image, as far as it can be looked at without building it: what it copies, sets and pins."""

from __future__ import annotations

import ast
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML ships no types, and its stubs are not pinned here

from builder import kexec_pin, settings
from builder.errors import SettingsInvalid
from builder.prerequisites import pins
from chalicelib.adapters import codebuild_installer, fargate_installer
from chalicelib.operations.ports import BuildStart
from onebox import builders
from tests.unit.builder.installed import Installed

ROOT = Path(__file__).parents[3]
BUILDER = ROOT / "builder"
START = BuildStart(instance_id="0123456789ab", attempt=1, api_url="https://example.org", claim_code="ccc_claim_x")
KNOWN = {"FROM", "ARG", "WORKDIR", "COPY", "RUN", "ENV", "USER", "CMD"}
OPTIONAL = {"CCC_CLOCK", "CCC_KEXEC_SHA256"}
"""What the builder reads on one box alone, and what stands above a pin."""


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, with continued lines joined."""
    text = (BUILDER / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


def arguments(wanted: str) -> list[str]:
    """The arguments of all instructions of one kind."""
    return [rest for word, rest in instructions() if word == wanted]


def environment() -> dict[str, str]:
    """What ENV sets."""
    pairs = re.findall(r'([A-Z_]+)=("[^"]*"|\S+)', " ".join(arguments("ENV")))
    return {name: value.strip('"') for name, value in pairs}


def read_by_the_builder() -> set[str]:
    """The variables that builder/settings.py reads."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"CCC_[A-Z_]+", text)}


def copied() -> list[str]:
    """What COPY takes out of the checkout."""
    return [source for rest in arguments("COPY") if "--from=" not in rest for source in rest.split()[:-1]]


def test_every_line_is_an_instruction() -> None:
    """The file reads as a Dockerfile: instructions that exist, a FROM at first, a command at the end."""
    words = [word for word, _ in instructions()]
    assert set(words) <= KNOWN
    assert (words[0], words[-1]) == ("FROM", "CMD")


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists_and_reaches_the_build(source: str) -> None:
    """Every source is in the checkout, and the ignore file lets it (or a folder above it) through."""
    assert (ROOT / source).exists()
    ignored = (BUILDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {f"!{part}" for part in (source, *map(str, Path(source).parents))} & set(ignored)
    assert source not in ignored


def test_nothing_else_reaches_the_build() -> None:
    """What the ignore file lets through is what is copied: not the state of one box, which holds keys."""
    let_through = {
        line.removeprefix("!")
        for line in (BUILDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert let_through == {source.rstrip("/") for source in copied() if not source.startswith("builder/")}


def test_a_job_has_every_variable() -> None:
    """What the image sets and what a start brings is together what the builder reads, without a doublet."""
    image = {name for name in environment() if name.startswith("CCC_")}
    brought = set(codebuild_installer._variables(START))
    assert brought == {each["name"] for each in fargate_installer._environment(START)}
    assert image & brought == set()
    assert image | brought == read_by_the_builder() - OPTIONAL


def test_the_settings_of_the_image_are_sound(tmp_path: Path) -> None:
    """With the programs on PATH, the builder takes the image's variables, as soon as what they name is there."""
    variables = codebuild_installer._variables(START)
    image = {name: value for name, value in environment().items() if name.startswith("CCC_")}
    programs = f"{ROOT / 'onebox/bin'}:/usr/bin:/bin"
    with pytest.raises(SettingsInvalid) as told:
        settings.read({**image, **variables, "PATH": programs})
    absent = ["/nix/var/nix/gcroots/ccc/disko", "/nix/var/nix/gcroots/ccc/toplevel"]
    assert [problem.split()[2].rstrip(",") for problem in told.value.problems[:2]] == absent
    assert all("kexec" in problem for problem in told.value.problems[2:])
    here = Installed(tmp_path / "store").variables
    assert set(here) - {"CCC_KEXEC_SHA256"} == set(image)
    assert settings.read({**image, **variables, **here, "PATH": programs}).attempt == START.attempt


def test_what_is_set_is_what_was_made() -> None:
    """Every root that PATH and the store paths name is linked by the first stage, and none is made for nothing."""
    roots = "/nix/var/nix/gcroots/ccc"
    made = set(re.findall(r'--out-link "\$ROOTS/([a-z-]+)"', " ".join(arguments("RUN"))))
    named = set(re.findall(rf"{roots}/([a-z-]+)", environment()["PATH"] + environment()["CCC_STORE_PATHS"]))
    assert f"ROOTS={roots}" in arguments("ARG")
    assert made == named


def test_python_packages_come_by_hash() -> None:
    """Nothing is installed without a hash, and the file has one for every package."""
    (installing,) = [rest for rest in arguments("RUN") if "pip install" in rest]
    assert "--require-hashes" in installing
    packages = re.split(r"(?m)^(?=[a-z0-9])", (BUILDER / "requirements.txt").read_text(encoding="utf-8"))
    assert [one for one in packages if one.strip() and "--hash=sha256:" not in one] == []


def test_nixos_anywhere_is_pinned_at_the_version_that_the_builder_knows() -> None:
    """It comes out of the flake and its version is looked at; every file that speaks of a version means the same."""
    roots = " ".join(arguments("RUN"))
    assert 'nix build path:/src#nixos-anywhere --out-link "$ROOTS/nixos-anywhere"' in roots
    assert rf"-nixos-anywhere-{pins.NIXOS_ANYWHERE}.".replace(".", r"\.") in roots
    texts = [path.read_text(encoding="utf-8") for path in (*BUILDER.rglob("*.py"), *BUILDER.glob("*.md"))]
    texts.append((BUILDER / "Dockerfile").read_text(encoding="utf-8").replace("\\.", "."))
    versions = {found for text in texts for found in re.findall(r"nixos-anywhere[- ](1\.[0-9]+)", text)}
    assert versions == {pins.NIXOS_ANYWHERE}


def test_the_images_are_named_exactly() -> None:
    """Each FROM has a tag that is a version, and a digest that is one, where `refresh` has put it."""
    for image in arguments("FROM"):
        assert re.fullmatch(r"[a-z/]+:[0-9]+\.[0-9a-z.-]+(@sha256:[0-9a-f]{64})?( AS [a-z]+)?", image)


def test_the_kexec_archive_is_had_by_hash_or_not_at_all() -> None:
    """The pin is a URL and either a hash or null, and the image takes the archive only through it."""
    pin = json.loads(kexec_pin.PIN.read_text(encoding="utf-8"))
    assert set(pin) == {"url", "sha256"}
    assert pin["url"].startswith("https://")
    assert pin["url"].endswith("-x86_64-linux.tar.gz")
    assert pin["sha256"] is None or re.fullmatch(r"[0-9a-f]{64}", pin["sha256"])
    assert [rest for rest in arguments("RUN") if "kexec" in rest] == ['python3 -m builder.kexec "$CCC_KEXEC"']
    assert not arguments("ADD")


def test_a_job_is_nobody_special() -> None:
    """The buildspec's user is the one that the image makes, that owns the store, and as whom the image is tried."""
    (made,) = [rest for rest in arguments("RUN") if rest.startswith("useradd ")]
    user = made.split()[-1]
    assert yaml.safe_load((BUILDER / "buildspec.yml").read_text(encoding="utf-8"))["run-as"] == user
    assert f"--from=nix --chown={user}:{user} /nix /nix" in arguments("COPY")
    assert arguments("USER") == [user, "root"]


def test_both_platforms_run_the_same() -> None:
    """The buildspec's only command and the image's command are the builder."""
    spec = yaml.safe_load((BUILDER / "buildspec.yml").read_text(encoding="utf-8"))
    assert spec["phases"] == {"build": {"commands": ["python3 -m builder"]}}
    assert json.loads(arguments("CMD")[0])[3:] == ["python3", "-m", "builder"]


def test_no_platform_lets_a_job_run_for_ever() -> None:
    """What hangs, and is known to no row of a restored table, is ended by its platform: after an hour on each."""
    *bound, hour = json.loads(arguments("CMD")[0])[:3]
    assert bound == ["timeout", "--kill-after=30"]
    template = json.loads((ROOT / ".chalice" / "resources.json").read_text(encoding="utf-8"))["Resources"]
    assert float(hour) == template["BuilderProject"]["Properties"]["TimeoutInMinutes"] * 60 == builders.LIFETIME_SECONDS


def test_a_job_that_hears_nothing_is_ended_all_the_same() -> None:
    """The bound that the image puts around its job ends one that ignores SIGTERM, with a shorter time in it."""
    words = json.loads(arguments("CMD")[0])[:3]
    assert words[1:] == ["--kill-after=30", "3600"]
    began = time.monotonic()
    ended = subprocess.run(
        [words[0], "--kill-after=0.2", "3", "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"],
        check=False,
        timeout=60,
    )
    assert ended.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 60
