"""File commands of root's. `/mnt` is the server's private folder; nothing else of the host can be named."""

import hashlib
import posixpath
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hetzner_emulator.machine.session import Session

_OS_RELEASE = {
    "stock": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n',
    "installer": 'ID=nixos\nVARIANT_ID=installer\nVERSION_ID="26.05"\nPRETTY_NAME="NixOS 26.05"\n',
}


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command writes."""

    out: Callable[[bytes | str], None]
    err: Callable[[bytes | str], None]


def place(session: Session, path: str) -> Path | None:
    """Return the host path of a path below /mnt, None for any other and for links that lead outside."""
    clean = posixpath.normpath(posixpath.join("/root", path))
    if clean != "/mnt" and not clean.startswith("/mnt/"):
        return None
    root = session.machine.disk.resolve()
    found = root / clean.removeprefix("/mnt").lstrip("/")
    return found if found.resolve().is_relative_to(root) else None


def _content(session: Session, path: str) -> bytes | None:
    if path == "/etc/os-release":
        return _OS_RELEASE.get(session.machine.system, "").encode()
    found = place(session, path)
    return found.read_bytes() if found is not None and found.is_file() else None


def _plain(arguments: list[str]) -> list[str]:
    return [word for word in arguments if not word.startswith("-")]


def _each_file(session: Session, name: str, paths: list[str], output: Output) -> list[tuple[str, bytes]]:
    found = []
    for path in paths:
        content = _content(session, path)
        if content is None:
            output.err(f"{name}: {path}: No such file or directory\n")
        else:
            found.append((path, content))
    return found


def _cat(session: Session, arguments: list[str], output: Output) -> int:
    paths = _plain(arguments)
    found = _each_file(session, "cat", paths, output)
    for _, content in found:
        output.out(content)
    return 0 if len(found) == len(paths) else 1


def _sha256sum(session: Session, arguments: list[str], output: Output) -> int:
    paths = _plain(arguments)
    found = _each_file(session, "sha256sum", paths, output)
    for path, content in found:
        output.out(f"{hashlib.sha256(content).hexdigest()}  {path}\n")
    return 0 if len(found) == len(paths) else 1


def _wc(session: Session, arguments: list[str], output: Output) -> int:
    paths = _plain(arguments)
    found = _each_file(session, "wc", paths, output)
    for path, content in found:
        output.out(f"{len(content) if '-c' in arguments else content.count(10)} {path}\n")
    return 0 if len(found) == len(paths) else 1


_TESTS: dict[str, Callable[[Path], bool]] = {
    "-e": Path.exists,
    "-f": Path.is_file,
    "-d": Path.is_dir,
    "-s": lambda path: path.is_file() and path.stat().st_size > 0,
    "-r": Path.exists,
    "-x": lambda path: path.exists() and bool(path.stat().st_mode & 0o111),
}


def _test(session: Session, arguments: list[str], _: Output) -> int:
    words = [word for word in arguments if word != "]"]
    negated = words[:1] == ["!"]
    words = words[1:] if negated else words
    if not words or words[0] not in _TESTS:
        return 2
    if words[1:] == ["/etc/os-release"]:
        return int(negated)
    found = place(session, words[1]) if words[1:] else None
    return int((found is not None and _TESTS[words[0]](found)) is negated)


def _mkdir(session: Session, arguments: list[str], output: Output) -> int:
    for path in _plain(arguments):
        found = place(session, path)
        if found is None:
            output.err(f"mkdir: cannot create directory '{path}': only /mnt can be written here\n")
            return 1
        found.mkdir(parents="-p" in arguments, exist_ok="-p" in arguments)
    return 0


def _chmod(session: Session, arguments: list[str], output: Output) -> int:
    mode, *paths = [word for word in arguments if word != "-R"] or [""]
    found = [place(session, path) for path in paths]
    if not paths or any(path is None or not path.exists() for path in found):
        output.err("chmod: No such file or directory\n")
        return 1
    try:
        for path in found:
            (path or Path()).chmod(int(mode, 8))
    except ValueError:
        output.err(f"chmod: invalid mode: {mode}\n")
        return 1
    return 0


def _chown(session: Session, arguments: list[str], output: Output) -> int:
    missing = [path for path in _plain(arguments)[1:] if place(session, path) is None]
    output.err("".join(f"chown: {path}: No such file or directory\n" for path in missing))
    return 1 if missing else 0


def _ls(session: Session, arguments: list[str], output: Output) -> int:
    for path in _plain(arguments) or ["/mnt"]:
        found = place(session, path)
        if found is None or not found.exists():
            output.err(f"ls: {path}: No such file or directory\n")
            return 2
        names = sorted(each.name for each in found.iterdir()) if found.is_dir() else [path]
        output.out("".join(f"{name}\n" for name in names))
    return 0


def _stat(session: Session, arguments: list[str], output: Output) -> int:
    paths = [word for word in _plain(arguments) if not word.startswith("%")]
    for path in paths:
        found = place(session, path)
        if found is None or not found.exists():
            output.err(f"stat: {path}: No such file or directory\n")
            return 1
        mode, size = found.stat().st_mode & 0o7777, found.stat().st_size
        form = next((word for word in arguments if word.startswith("%")), "%a %s %n")
        values = {"%a": f"{mode:o}", "%s": str(size), "%n": path, "%U": "root", "%G": "root", "%u": "0", "%g": "0"}
        for sign, value in values.items():
            form = form.replace(sign, value)
        output.out(form + "\n")
    return 0


def _rm(session: Session, arguments: list[str], output: Output) -> int:
    for path in _plain(arguments):
        found = place(session, path)
        if found is None:
            output.err(f"rm: {path}: only /mnt can be written here\n")
            return 1
        if found.is_dir() and "-r" in "".join(arguments):
            shutil.rmtree(found)
        elif found.exists() or "-f" not in "".join(arguments):
            found.unlink()
    return 0


FILE_TOOLS: dict[str, Callable[[Session, list[str], Output], int]] = {
    "cat": _cat,
    "sha256sum": _sha256sum,
    "wc": _wc,
    "test": _test,
    "[": _test,
    "mkdir": _mkdir,
    "chmod": _chmod,
    "chown": _chown,
    "ls": _ls,
    "stat": _stat,
    "rm": _rm,
}
