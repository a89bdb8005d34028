"""The emulator's end of a guest's terminal, without blocking anybody."""

import asyncio
import errno
import fcntl
import os
import struct
import termios
from collections.abc import Callable


def resize(master: int, size: tuple[int, int, int, int]) -> None:
    """Set a terminal's size from columns, rows and pixels."""
    columns, rows, width, height = size
    if columns > 0 and rows > 0:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))


class Terminal:
    """Reads and writes the master side of a pseudo-terminal; it owns the descriptor."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._loop = asyncio.get_running_loop()
        os.set_blocking(master, False)

    async def read(self, size: int) -> bytes:
        """Return what the guest has written, nothing at the end."""
        while True:
            try:
                return os.read(self._master, size)
            except BlockingIOError:
                await self._ready(self._loop.add_reader, self._loop.remove_reader)
            except OSError as error:
                if error.errno == errno.EIO:
                    return b""
                raise

    async def write(self, data: bytes) -> None:
        """Type `data` into the terminal."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._master, view) :]
            except BlockingIOError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            except OSError:
                return

    async def write_end(self) -> None:
        """Type the end-of-file character."""
        await self.write(b"\x04")

    async def _ready(self, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        waiting = self._loop.create_future()

        def wake() -> None:
            if not waiting.done():
                waiting.set_result(None)

        add(self._master, wake)
        try:
            await waiting
        finally:
            remove(self._master)

    def close(self) -> None:
        """Let the terminal go."""
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        os.close(self._master)
