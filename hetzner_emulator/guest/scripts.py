"""The small programs every guest finds first on its PATH, written into the state folder at start."""

from pathlib import Path

CLAUDE = """#!/bin/sh
# Stands where Claude Code is on the real machine.
case "${1-}" in
  --version|-v) echo "2.1.0 (Claude Code) emulated" ;;
  *) echo "Claude Code is emulated here: this machine is a sandbox on your own computer."
     echo "Only 'claude --version' answers." ;;
esac
"""
_REQUESTS = "${EMULATED_ROOT-}/run/emulated"
# What only root may ask of a machine. The emulator looks into the folder after root's jobs; a guest cannot write there.
# They stand before the host's own programs of these names, which would ask the host.
_ROOTS = {
    "wall": f"""#!/bin/sh
exec cat >"{_REQUESTS}/wall.$$"
""",
    "poweroff": f"""#!/bin/sh
: >"{_REQUESTS}/poweroff"
""",
    "systemctl": f"""#!/bin/sh
[ "$*" = poweroff ] || {{ echo "systemctl: emulated machine: only 'systemctl poweroff' is known here" >&2; exit 1; }}
: >"{_REQUESTS}/poweroff"
""",
    "sudo": """#!/bin/sh
echo "sudo: emulated machine: nobody can become root here" >&2
exit 1
""",
}
_NAMES = {
    "whoami": "#!/bin/sh\necho claude\n",
    "hostname": '#!/bin/sh\necho "$EMULATED_HOSTNAME"\n',
    "id": """#!/bin/sh
case "${1-}" in
  -un) echo claude ;;
  -u|-g) echo 1000 ;;
  *) echo "uid=1000(claude) gid=1000(claude) groups=1000(claude)" ;;
esac
""",
}


def write_scripts(folder: Path) -> tuple[Path, Path]:
    """Write them; return the folder for every guest and the one that a shell without a sandbox needs besides."""
    everywhere, plain = folder / "bin", folder / "bin-plain"
    _write(everywhere, {"claude": CLAUDE, **_ROOTS})
    _write(plain, _NAMES)
    return everywhere, plain


def _write(folder: Path, scripts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
