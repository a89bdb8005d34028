"""The real run is collected only where somebody asked for it: it buys a server."""

from __future__ import annotations

import os

from tests.e2e.permission import refusal

collect_ignore = ["test_real.py"] if refusal(os.environ) else []  # noqa: TID251 -- the permission is given there
