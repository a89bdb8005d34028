"""The measurement of the cold import: what both sides import, with which settings, and how they take turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from artefact import cold_import, eager
from artefact.build import Job
from artefact.failure import PackagingFailed
from artefact.variables import made_up


def test_the_artefact_is_imported_faster(made: Job) -> None:
    """Out of the artefact, with the settings of its own template, `app` is there before the plain package is."""
    ((ours, peer),) = cold_import.measured(made.place, made.project, made.cache, rounds=1, warm_ups=0)
    assert 0 < ours < peer


def test_the_median_is_told() -> None:
    """One slow round does not decide."""
    assert cold_import.told([(0.2, 1.0), (0.19, 1.0), (5.0, 1.0)]).startswith("cold import 0.200 of")


def test_everything_that_can_be_imported_is_found(tmp_path: Path) -> None:
    """Imports within functions count; those that are there for readers alone do not."""
    (tmp_path / "chalicelib" / "room").mkdir(parents=True)
    (tmp_path / "app.py").write_text("from json import loads\n", encoding="utf-8")
    (tmp_path / "chalicelib" / "room" / "__init__.py").write_text("import a.b, c\n", encoding="utf-8")
    (tmp_path / "chalicelib" / "late.py").write_text(
        "import typing\nif typing.TYPE_CHECKING:\n    import stubs\ndef f():\n    from heavy import thing\n",
        encoding="utf-8",
    )
    assert eager.modules(tmp_path) == [
        "a.b", "app", "c", "chalicelib.late", "chalicelib.room", "heavy", "json", "typing",
    ]  # fmt: skip


def template(**variables: Any) -> dict[str, Any]:
    """A template with one function that has these variables."""
    function = {"Properties": {"Environment": {"Variables": variables}}}
    return {
        "Parameters": {"Mail": {"Default": "ops@example.org"}, "No": {"Default": ""}},
        "Resources": {"Api": function},
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (3, "3"),
        ({"Ref": "Table"}, "table"),
        ({"Ref": "Mail"}, "ops@example.org"),
        ({"Ref": "No"}, ""),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "arn"),
        ({"Fn::Sub": "ses://${AWS::Region}?set=${Set.Name}"}, "ses://eu-central-1?set=name"),
        ({"Fn::Sub": ["a://${B}", {"B": {"Ref": "Mail"}}]}, "a://ops@example.org"),
        ({"Fn::If": ["UseCodebuild", {"Fn::Sub": "codebuild://${Project}"}, "other"]}, "codebuild://project"),
        ({"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "AWS::StackName"}]}]}, "tried"),
    ],
)
def test_what_a_deployment_knows_gets_a_made_up_name(value: Any, text: str) -> None:
    """Parameters have their defaults, resources a name, and the region is one that there is."""
    assert made_up(template(NAME=value), "Api")["NAME"] == text


def test_what_is_not_understood_is_an_error() -> None:
    """An expression that nobody has thought of does not become a wrong setting."""
    with pytest.raises(PackagingFailed, match="Fn::Cidr"):
        made_up(template(NAME={"Fn::Cidr": ["10.0.0.0/8", 1, 8]}), "Api")
