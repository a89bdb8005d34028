"""A small JSON document in one private file, changed as a whole: whoever is killed leaves the old or the new."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onebox.whole_file import replace_file


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeJson:
    """The file at `path` (0600); one process writes it."""

    path: Path
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def read(self) -> dict[str, Any]:
        """The document; empty where there is no file. ValueError when it is damaged."""
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        if not isinstance(document, dict):
            raise TypeError(f"{self.path} does not hold an object")
        return document

    def change(self, by: Callable[[dict[str, Any]], Any]) -> Any:
        """Let `by` change the document in place, and keep it; what `by` returns. Nothing is kept when it raises."""
        with self._one_at_a_time:
            document = self.read()
            result = by(document)
            replace_file(self.path, json.dumps(document, indent=1) + "\n")
        return result
