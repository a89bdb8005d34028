"""Who may ask: bearer tokens, each belonging to one project."""

from pathlib import Path

from hetzner_emulator.errors import ApiError

_ANY = "default"


class Access:
    """Tokens from a file of `token [project]` lines, read again when it changes; without a file any will do."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._projects: dict[str, str] = {}

    def project(self, header: str) -> str:
        """Return the project of an `Authorization` header, or raise the 401."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError(401, "unauthorized", "token is required")
        if self._file is None:
            return _ANY
        self._read(self._file)
        project = self._projects.get(token.strip())
        if project is None:
            raise ApiError(401, "unauthorized", "the token you have provided is invalid")
        return project

    def _read(self, file: Path) -> None:
        stat = file.stat()
        if (stat.st_mtime_ns, stat.st_ino) == self._stamp:
            return
        lines = (line.split() for line in file.read_text(encoding="utf-8").splitlines())
        self._projects = {words[0]: (words[1:] or [_ANY])[0] for words in lines if words}
        self._stamp = (stat.st_mtime_ns, stat.st_ino)
