"""What an operator does to a stage on AWS: secrets, deployment, a look from outside, its end.

The scripts beside this folder (`make_secrets.py`, `deploy.py`, `smoke.py`, `destroy.py`) call it; docs/operating.md
says when. It may import values and AWS's room of the product, and no part of the product imports it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])

if ROOT not in sys.path:
    sys.path.append(ROOT)  # a script's own folder is on the path, and the checkout that it belongs to is not
