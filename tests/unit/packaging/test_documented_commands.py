"""Every command that the documentation tells people to type exists, with its variables and flags, and its stage."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from operate import command
from operate.failure import OperateFailed

from tests.unit.packaging.documented import ROOT, commands, settings, wrong

PAGES = sorted((ROOT / "docs").glob("*.md"))
TYPED = ("alarms.md", "operating.md", "template.md")
"""Pages of commands that operators type as they stand."""

NAMES_ALONE = ("operating.md", "template.md")
"""Pages on which a command without anything behind it is only spoken of."""


@pytest.mark.parametrize("page", PAGES, ids=[each.stem for each in PAGES])
def test_commands_are_right(page: Path) -> None:
    """Targets, variables, verbs, flags, operations of AWS and modules are all there."""
    text = page.read_text(encoding="utf-8")
    found: list[str] = []
    for words in commands(text):
        spoken_of = page.name in NAMES_ALONE and len(words) == 2
        found += wrong(words, stage_needed=page.name in TYPED and not spoken_of)
    assert found == []
    assert page.name not in TYPED or list(settings(text)) == []


@pytest.mark.parametrize("page", TYPED)
def test_there_are_commands_to_judge(page: str) -> None:
    """The pages for operators are read as pages with commands, and not passed over."""
    found = list(commands((ROOT / "docs" / page).read_text(encoding="utf-8")))
    assert len(found) >= {"alarms.md": 30, "operating.md": 60, "template.md": 2}[page]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("make depoly STAGE=prod", "there is no such target"),
        ("make deploy", "it names no stage"),
        ("make deploy STAGE=prd", "STAGE is not prd"),
        ("make deploy STAGE=prod FORGET=x", "the target does not know FORGET"),
        ("make secrets STAGE=prod ROTATE=hetzer", "ROTATE is not hetzer"),
        ('make deploy STAGE=prod PARAMETERS="MailForm=x"', "PARAMETERS is not MailForm=x"),
        ("ccc accept-restores", "there is no verb accept-restores"),
        ("ccc reap --dryrun", "there is no flag --dryrun"),
        ("ccc pause && ccc destroy ID", "there is no verb destroy"),
        ("aws events disable-rules --name x", "there is no such operation"),
        ("aws events disable-rule --rule x", "it has no member rule"),
        ("aws dynamodb wait table-exist --table-name x", "there is no such operation"),
        ("aws dynamodb wait table-exists --name x", "it has no member name"),
        ("python -m builder.refersh", "there is no such module"),
    ],
)
def test_a_mistake_is_found(line: str, said: str) -> None:
    """A planted mistake is named, in a block and in the middle of a sentence that is wrapped."""
    wrapped = f"Then type `{line.replace(' ', chr(10), 1)}`, and wait."
    for page in (f"```\n{line}   # soon\n```\n", wrapped):
        (found,) = [each for words in commands(page) for each in wrong(words, stage_needed=True)]
        assert found.endswith(said)


@pytest.mark.parametrize(("span", "good"), [("`ROTATE=hetzner`", True), ("`CCC_MAX_LVIE=3`", False), ("`X=1`", False)])
def test_a_setting_by_itself_is_judged_too(span: str, good: bool) -> None:
    """A variable of the Makefile, a parameter of the template and a setting of ours are known; others are not."""
    assert (list(settings(span)) == []) is good


@pytest.mark.parametrize("remedy", ["make deploy, or wait", "mend it, then make secrets ROTATE=keyring"])
def test_a_remedy_names_the_stage_that_was_worked_on(remedy: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever types what a refused command tells them to must not end up on another stage."""

    def refused() -> bool:
        raise OperateFailed("No.", remedy)

    assert command.ended("deploy", "prod", refused) == 1
    said = capsys.readouterr().err
    (typed,) = re.findall(r"make .*?(?=,|$)", said.splitlines()[-1])
    assert list(wrong(shlex.split(typed), stage_needed=True)) == []
    assert "STAGE=prod" in typed


def test_a_remedy_that_names_its_stage_is_left_alone() -> None:
    """The name stands there once."""
    assert OperateFailed("No.", "make deploy STAGE=dev").told("prod").endswith("do: make deploy STAGE=dev")
