"""`python -m builder.refresh`: pins anew what the image is made of and no lock file covers. Needs docker and a network.

The images that the Dockerfile begins with get the digest that their tag has today, and `kexec.json` the hash of the
archive that is at its URL today. Everything is asked before anything is written. Whoever runs it looks at the changes,
builds the image and tries it before committing them: this takes what is there, and cannot know whether it is good.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from builder.kexec import KexecError, digest

HERE = Path(__file__).parent

_FROM = re.compile(
    r"(?m)^(?P<before>FROM (?:--\S+ )*)(?P<image>[^\s@]+:[^\s@]+)(?:@sha256:[0-9a-f]{64})?(?P<after>.*)$"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class RefreshError(Exception):
    """Something could not be asked for; nothing was written."""


def refresh(folder: Path) -> None:
    """Pin the images of `folder`/Dockerfile and the archive of `folder`/kexec.json; RefreshError, KexecError."""
    dockerfile, pin = folder / "Dockerfile", folder / "kexec.json"
    pinned = _FROM.sub(_with_digest, dockerfile.read_text(encoding="utf-8"))
    archive = json.loads(pin.read_text(encoding="utf-8"))
    archive["sha256"] = digest(archive["url"])
    dockerfile.write_text(pinned, encoding="utf-8")
    pin.write_text(json.dumps(archive, indent=2) + "\n", encoding="utf-8")


def _with_digest(found: re.Match[str]) -> str:
    return f"{found['before']}{found['image']}@{_digest_of(found['image'])}{found['after']}"


def _digest_of(image: str) -> str:
    """What the tag stands for now: the digest of the list of all platforms' images, where there is one."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest}}"]
    try:
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = str(json.loads(told)["digest"])
    except FileNotFoundError as error:
        raise RefreshError("docker is not installed") from error
    except subprocess.CalledProcessError as error:
        raise RefreshError(f"docker does not tell the digest of {image}: {error.stderr.strip()}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RefreshError(f"docker's answer about {image} holds no digest") from error
    if not _DIGEST.fullmatch(found):
        raise RefreshError(f"docker's answer about {image} holds no digest")
    return found


def main() -> int:
    """Refresh the pins of this checkout; the exit status."""
    try:
        refresh(HERE)
    except (RefreshError, KexecError) as error:
        sys.stderr.write(f"refresh: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
