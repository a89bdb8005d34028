"""`python -m onebox`: the service with everything it needs, on this machine, in the foreground."""

from __future__ import annotations

import sys

from onebox.settings import environment
from onebox.start import start

if __name__ == "__main__":
    sys.exit(start(environment()))
