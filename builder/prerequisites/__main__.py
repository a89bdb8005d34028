"""`python -m builder.prerequisites [OUT]`: the findings as JSON on stdout, for who does not import this.

OUT is where `make machine` builds, the checkout's `out/` where it is not named. The exit status is 0 whatever is found.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from builder.prerequisites.look import look
from builder.prerequisites.places import Places

OUT = Path(__file__).resolve().parents[2] / "out"


def main(words: list[str]) -> int:
    """Write what was found; the exit status."""
    variables = os.environ  # noqa: TID251 -- a program's own environment is what it is asked about
    findings = look(Places(variables=variables, out=Path(words[0]) if words else OUT))
    sys.stdout.write(json.dumps([finding.document() for finding in findings]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
