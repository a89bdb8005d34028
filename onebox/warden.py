"""`python -m onebox.warden BEGINNING`: waits for the end of the supervisor and ends what is left of its tree.

Children die with the supervisor by the parent-death signal; their own children (a build's ssh, say) would not. The
supervisor holds the other end of our standard input and says nothing: when it ends in whatever way, the input ends.
"""

from __future__ import annotations

import sys

from onebox.marks import end_marked


def main(beginning: str) -> int:
    """Wait, then end every process whose mark begins so."""
    sys.stdin.buffer.read()
    return min(1, end_marked(beginning))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
