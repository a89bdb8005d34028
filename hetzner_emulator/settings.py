"""What the command line may say."""

import argparse
from pathlib import Path


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; wrong use ends the program with the usage."""
    parser = argparse.ArgumentParser(
        prog="python -m hetzner_emulator",
        description="A Hetzner Cloud API that behaves: state, rate limit, faults, servers that answer SSH.",
    )
    add = parser.add_argument
    add("--port", type=int, default=8001, help="port of the API; 0 takes a free one (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address of the API (default: %(default)s)")
    add("--state", type=Path, required=True, help="folder of everything that is remembered")
    add("--token-file", type=Path, help="accepted tokens, one `token [project]` a line; without it any is")
    add("--clock", type=Path, help="file with the seconds to add to the real time, read at use")
    add("--ssh", choices=("on", "off"), default="on", help="whether servers answer SSH (default: on)")
    add("--ssh-port", default="auto", type=_port, help="port of all SSH servers; auto tries 22 (default: auto)")
    add("--addresses", default="auto", help="auto or a block such as 127.77.5.0/24 (default: auto)")
    add("--latency", type=_scale, default=0.02, help="1 is as slow as the real one (default: %(default)s)")
    add("--faults", type=Path, help="JSON list of faults, read again when it changes")
    add("--guest-bin", type=Path, help="folder of more programs for the guests")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    """Return 0 for auto."""
    if text == "auto":
        return 0
    number = int(text)
    if not 0 < number < 1 << 16:
        raise argparse.ArgumentTypeError("a port is auto or between 1 and 65535")
    return number


def _scale(text: str) -> float:
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError("latency is a factor of 0 or more")
    return value
