"""`python -m onebox.gateway`: the supervisor starts this; it is of no use alone."""

from __future__ import annotations

import sys

from onebox.gateway.start import run

sys.exit(run())
