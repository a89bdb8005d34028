"""The command line: `python -m hetzner_emulator --state DIR`."""

import asyncio
import logging
import sys

from hetzner_emulator.addresses import NoAddress
from hetzner_emulator.serve import serve
from hetzner_emulator.settings import parse


def main() -> int:
    """Run the emulator and return the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    settings = parse(sys.argv[1:])
    try:
        asyncio.run(serve(settings))
    except (NoAddress, OSError, ValueError) as error:
        sys.stderr.write(f"hetzner_emulator: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
