"""Whether what `make package` left may be deployed: it is there, untouched, and made of the sources as they are now."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artefact import digest, stamp
from artefact.failure import PackagingFailed
from artefact.target import of_this_interpreter

from operate.failure import OperateFailed
from operate.stage import ROOT, Stage

ARCHIVE, TEMPLATE = "deployment.zip", "sam.json"
CODE = f"./{ARCHIVE}"
FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """The archive with its SHA-256, and the template as a document."""

    archive: Path
    digest: str
    template: dict[str, Any] = field(repr=False)

    @property
    def key(self) -> str:
        """The archive's name in the bucket: its content's, so that the same is never sent twice."""
        return f"{self.digest}.zip"

    def template_in(self, bucket: str) -> bytes:
        """The template whose functions take their code from the bucket; OperateFailed when one takes another."""
        whole = json.loads(json.dumps(self.template))
        functions = [each for each in whole["Resources"].values() if each["Type"] == FUNCTION]
        for each in functions:
            if each["Properties"].get("CodeUri") != CODE:
                raise OperateFailed("A function of the template does not run the archive.", "make package")
            each["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": self.key}
        return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()


def ready(stage: Stage, *, cache: Path = ROOT / ".cache" / "package", project: Path = ROOT) -> Artefact:
    """The artefact of a stage; OperateFailed when it is missing, was touched, or is not of these sources."""
    remedy = f"make package STAGE={stage.name}"
    try:
        current = stamp.current(cache, stage.place, stamp.of_inputs(project, of_this_interpreter()))
    except PackagingFailed as failure:
        raise OperateFailed(str(failure), remedy) from None
    if not (stage.place / ARCHIVE).is_file():
        raise OperateFailed(f"There is no artefact in {stage.place}.", remedy)
    if not current:
        raise OperateFailed(f"What is in {stage.place} was not made of the sources as they are now.", remedy)
    template = json.loads((stage.place / TEMPLATE).read_text(encoding="utf-8"))
    return Artefact(archive=stage.place / ARCHIVE, digest=digest.of_file(stage.place / ARCHIVE), template=template)
