"""`python -m onebox.aws.gateway`: the supervisor starts this; it is of no use alone."""

from __future__ import annotations

import sys

from onebox.aws.gateway.start import run

sys.exit(run())
