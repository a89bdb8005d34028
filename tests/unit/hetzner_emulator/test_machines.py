"""Servers that answer SSH: from the stock system through the installer to the guest's."""

import asyncio
import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from hetzner_emulator.guest.sandbox import Sandbox
from tests.unit.hetzner_emulator.installing import UNPINNED, Box, make_key
from tests.unit.hetzner_emulator.running import CLOUD_CONFIG, Api, Emulator


@pytest.fixture
def api(machines: Emulator) -> Api:
    """A client of a project of its own, on the emulator whose servers answer SSH."""
    return machines.project()


@pytest.fixture(scope="module")
def installed(machines: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A server on which the guest's system is installed."""
    box = Box(machines.project(), tmp_path_factory.mktemp("installed"), "installed")
    box.install()
    yield box
    box.api.ok("DELETE", f"/servers/{box.id}")


def _steps(text: str) -> list[str]:
    return [line.strip("# ") for line in text.splitlines() if line.startswith("###")]


def test_the_way_to_the_guests_machine(api: Api, tmp_path: Path) -> None:
    """Root and K1 until the install, then the guest and K2 alone; each phase says what the real program says."""
    box = Box(api, tmp_path, "walk")
    box.wait()
    scanned = subprocess.run(
        ["ssh-keyscan", "-t", "ed25519", "-p", str(box.port), box.ip], capture_output=True, text=True, check=True
    )
    assert box.k1.with_suffix(".pub").read_text().split()[1] in scanned.stdout
    first = box.installer("kexec")
    assert first.returncode == 0, first.stderr
    begin = ["Uploading install SSH keys", "Gathering machine facts"]
    assert _steps(first.stdout) == [
        *begin, "Switching system into kexec", "Gathering machine facts", "Done!",
    ]  # fmt: skip
    assert box.system() == "installer"
    second = box.installer("disko,install")
    assert second.returncode == 0, second.stderr
    assert _steps(second.stdout) == [
        *begin, "Formatting hard drive with disko", "Uploading the system closure", "Copying extra files",
        "Installing NixOS", "Done!",
    ]  # fmt: skip
    keys = box.root("cat /mnt/var/lib/cloud-instance/authorized_keys.d/claude")
    assert keys.stdout == box.guest_key.with_suffix(".pub").read_text()
    assert box.root("stat -c %a /mnt/etc/ssh/ssh_host_ed25519_key").stdout == "600\n"
    assert box.root("stat -c %a /mnt/etc /mnt/opt/system/bin/ccc-box").stdout == "755\n755\n"
    third = box.installer("reboot")
    assert third.returncode == 0, third.stderr
    assert _steps(third.stdout)[-2:] == ["Waiting for the machine to become unreachable due to reboot", "Done!"]
    box.wait_for("guest")
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in box.guest("true").stderr
    box.trust(box.k2)
    assert box.guest("hostname").stdout == "cc-0123456789ab\n"
    assert "Permission denied" in box.root("true").stderr


def test_a_wrong_key_is_refused(api: Api, tmp_path: Path) -> None:
    """Only the keys of user_data open root, and nobody else is let in."""
    box = Box(api, tmp_path, "keys")
    box.wait()
    assert box.root("true").returncode == 0
    assert "Permission denied" in box.ssh("root", box.guest_key, "true").stderr
    assert "Permission denied" in box.ssh("claude", box.install_key, "true").stderr


def test_a_registered_key_opens_root(api: Api, tmp_path: Path) -> None:
    """A key named in `ssh_keys` opens root, and the password does not stand in the way."""
    line = make_key(tmp_path, "install").with_suffix(".pub").read_text()
    api.ok("POST", "/ssh_keys", {"name": "mine", "public_key": line})
    box = Box(api, tmp_path, "registered", user_data="", ssh_keys=["mine"])
    box.wait()
    done = box.ssh("root", box.install_key, "whoami", options=UNPINNED)
    assert done.stdout == "root\n"


@pytest.mark.parametrize(("ending", "works"), [("", False), ("chpasswd: {expire: false}\n", True)])
def test_the_expired_password(api: Api, tmp_path: Path, ending: str, works: bool) -> None:
    """Without ssh_keys a login is refused by the expired password, unless user_data keeps it from expiring."""
    line = make_key(tmp_path, "install").with_suffix(".pub").read_text().strip()
    config = f"#cloud-config\nssh_authorized_keys: ['{line}']\n{ending}"
    box = Box(api, tmp_path, f"expired{int(works)}", user_data=config)
    box.wait()
    done = box.ssh("root", box.install_key, "whoami", options=UNPINNED)
    assert (done.returncode == 0) is works
    assert ("Password change required" in done.stderr) is not works


def test_root_has_no_shell_of_the_host(api: Api, tmp_path: Path) -> None:
    """What is not in the table is refused with 127 and a sentence, and nothing outside /mnt can be read."""
    box = Box(api, tmp_path, "table")
    box.wait()
    for command in ("python3 -c 1", "cat /mnt/x | sh", "echo $(id)", "ls > /tmp/x"):
        done = box.root(command)
        assert done.returncode == 127, command
        assert "emulated machine" in done.stderr
    for path in ("/etc/shadow", "/mnt/../etc/shadow", "/proc/1/environ"):
        assert box.root(f"cat {path}").returncode == 1
    assert box.root("sh", given="rm -rf /\n").returncode == 127
    assert box.root("test -e /etc/os-release && echo yes").stdout == "yes\n"


def test_a_tar_that_leads_outside_is_refused(api: Api, tmp_path: Path, machines: Emulator) -> None:
    """Neither a path upwards nor a link can put a file outside of the server's own folder."""
    box = Box(api, tmp_path, "tar")
    box.wait()
    assert box.installer("kexec").returncode == 0
    (tmp_path / "evil").write_text("x")
    up = subprocess.run(
        ["tar", "-cf-", "--transform", "s,^evil,../../evil,", "-P", "evil"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    words = ["ssh", "-F", "none", *box.ssh_words("root", box.install_key), "tar -C /mnt -xf- --no-same-owner"]
    done = subprocess.run(words, input=up.stdout, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"leads outside" in done.stderr
    assert list(machines.folder.rglob("evil")) == []


def test_nothing_listens_while_it_is_down(api: Api, tmp_path: Path) -> None:
    """A machine that is off or rebooting refuses connections, and the stock system comes back with K1."""
    box = Box(api, tmp_path, "power")
    box.wait()
    api.ok("POST", f"/servers/{box.id}/actions/poweroff")
    box.wait(listening=False)
    while api.ok("GET", f"/servers/{box.id}")["server"]["locked"]:
        time.sleep(0.01)
    api.ok("POST", f"/servers/{box.id}/actions/poweron")
    box.wait()
    assert box.root("hostname").stdout == "power\n"


def test_a_delete_cuts_everything(api: Api, tmp_path: Path) -> None:
    """After a delete the address is dead and open connections are gone."""
    box = Box(api, tmp_path, "deleted")
    box.wait()
    words = ["ssh", "-F", "none", *box.ssh_words("root", box.install_key), "cat > /root/x"]
    with subprocess.Popen(
        ["ssh", "-F", "none", "-N", *words[3:-1]], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as open_one:
        try:
            api.ok("DELETE", f"/servers/{box.id}")
            box.wait(listening=False)
            assert open_one.wait(60) == 255
        finally:
            open_one.kill()


def test_exit_codes_and_output(installed: Box) -> None:
    """Exit codes, both outputs, input and quoting pass as with any machine."""
    done = installed.guest("read line; echo \"out $line\"; echo 'err two' >&2; exit 7", given="one\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out one\n", "err two\n")


def test_who_the_guest_is(installed: Box) -> None:
    """The guest is claude, not root, on a machine of his own name, and Claude Code is there."""
    done = installed.guest("id -un; id -u; hostname; claude --version")
    user, uid, hostname, version = done.stdout.splitlines()
    assert (user, hostname) == ("claude", "cc-0123456789ab")
    assert uid != "0"
    assert "(Claude Code)" in version
    assert "emulated" in version
    assert installed.guest("test -w /etc/passwd || test -w /usr").returncode == 1


def test_home_and_record_are_where_a_machine_has_them(installed: Box, tmp_path: Path) -> None:
    """The home and what the install brought along have their own paths, where there is a sandbox to put them there."""
    if Sandbox(tmp_path).kind == "plain":
        pytest.skip("no bubblewrap sandbox can be made here, so the guest sees the paths of this machine")
    assert installed.guest("pwd").stdout == "/home/claude\n"
    assert installed.guest("cat /var/lib/cloud-instance/instance.json").stdout == '{"instance_id": "0123456789ab"}'


def test_files_stay(installed: Box) -> None:
    """What one login writes the next one finds."""
    installed.guest("echo kept > note")
    assert installed.guest("cat ~/note").stdout == "kept\n"


def test_what_a_guest_leaves_running_ends(installed: Box) -> None:
    """What the guest leaves behind ends with the connection."""
    with _sleeping(installed, "3171") as running:
        running.terminate()
        _until(lambda: not _sleepers("3171"))


@contextlib.contextmanager
def _sleeping(box: Box, seconds: str) -> Iterator[subprocess.Popen[bytes]]:
    """Have the guest sleep for that long over ssh."""
    words = ["ssh", "-F", "none", *box.ssh_words("claude", box.guest_key), f"sleep {seconds}; true"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            _until(lambda: bool(_sleepers(seconds)))
            yield running
        finally:
            running.kill()


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def _sleepers(seconds: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", seconds.encode()]:
            found.append(entry.parent.name)
    return found


def test_a_terminal(installed: Box) -> None:
    """A login shell on a terminal knows its size, sees it change, and passes the exit status."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    words = ["ssh", "-F", "none", "-tt", *installed.ssh_words("claude", installed.guest_key)]
    with subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as shell:
        os.close(slave)
        os.write(master, b"stty rows 41 cols 97; echo size=$(stty size); test -t 0 && echo is-a-tty; exit 5\n")
        seen = _read_until(master, "is-a-tty\r\n")
        assert shell.wait(60) == 5
    os.close(master)
    assert "size=41 97" in seen


def _read_until(master: int, end: str) -> str:
    seen, limit = "", time.monotonic() + 60
    while f"\n{end}" not in seen and time.monotonic() < limit:
        if select.select([master], [], [], 0.1)[0]:
            seen += os.read(master, 65536).decode(errors="replace")
    return seen


def test_sftp(installed: Box, tmp_path: Path) -> None:
    """Files go both ways in the home, and nowhere else."""
    (tmp_path / "up").write_text("over sftp")
    words = installed.ssh_words("claude", installed.guest_key)
    script = (
        f"put {tmp_path}/up there\nls -la\nget there {tmp_path}/down\nmkdir folder\n"
        f"-get /etc/passwd {tmp_path}/stolen\n-put {tmp_path}/up /home/other\n"
    )
    done = subprocess.run(
        ["sftp", "-F", "none", "-b", "-", *words], input=script, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "down").read_text() == "over sftp"
    assert not (tmp_path / "stolen").exists()
    assert installed.guest("cat there && echo more >> there && rmdir folder").stdout == "over sftp"


def test_sftp_does_not_follow_a_link_outside(installed: Box, tmp_path: Path) -> None:
    """A link that the guest's shell makes leads sftp nowhere."""
    installed.guest("ln -sf /etc/hostname link && ln -sfn / root")
    words = installed.ssh_words("claude", installed.guest_key)
    script = f"-get link {tmp_path}/one\n-get root/etc/hostname {tmp_path}/two\n"
    subprocess.run(["sftp", "-F", "none", "-b", "-", *words], input=script, text=True, timeout=60, check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_rebuild_begins_anew(api: Api, tmp_path: Path) -> None:
    """A rebuild brings back the stock system with root, K1 and nothing of the guest's."""
    box = Box(api, tmp_path, "rebuilt")
    box.install()
    box.guest("echo secret > note")
    api.ok("POST", f"/servers/{box.id}/actions/rebuild", {"image": "ubuntu-24.04"})
    box.wait_for("stock")
    box.trust(box.k1)
    assert box.root("hostname").stdout == "rebuilt\n"
    assert box.root("cat /mnt/home/claude/note").returncode == 1


def test_a_snapshot_boots_the_guests_system(installed: Box, tmp_path: Path) -> None:
    """A server made from a snapshot of an installed one answers as the guest's machine, with its host key."""
    api = installed.api
    image = api.ok("POST", f"/servers/{installed.id}/actions/create_image")["image"]["id"]
    while api.ok("GET", f"/images/{image}")["image"]["status"] != "available":
        time.sleep(0.02)
    copy = Box(api, tmp_path, "from-snapshot", user_data=CLOUD_CONFIG, image=image)
    copy.wait()
    copy.trust(installed.k2)
    assert copy.ssh("claude", installed.guest_key, "whoami").stdout == "claude\n"


def test_shells_die_with_a_killed_emulator(tmp_path: Path) -> None:
    """SIGKILL of the emulator leaves no shell behind, and its restart brings the machine back."""
    own = Emulator(tmp_path / "own", "--latency", "0.005")
    try:
        box = Box(own.project(), tmp_path / "box", "mortal")
        box.install()
        with _sleeping(box, "3172"):
            own.end(signal.SIGKILL)
            _until(lambda: not _sleepers("3172"))
        own.start()
        box.wait()
        assert box.guest("hostname").stdout == "cc-0123456789ab\n"
    finally:
        own.end()


def test_a_signal_reaches_the_guests_command(installed: Box) -> None:
    """A signal sent over SSH is for the command, not for what holds its sandbox."""

    async def interrupt() -> tuple[str, int | None]:
        async with (
            asyncssh.connect(
                installed.ip,
                installed.port,
                username="claude",
                client_keys=[str(installed.guest_key)],
                known_hosts=None,
                config=None,
                agent_path=None,
            ) as connection,
            connection.create_process(
                "trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.05; done"
            ) as process,
        ):
            assert await process.stdout.readline() == "ready\n"
            process.send_signal("USR1")
            done = await process.wait()
            return str(done.stdout), done.exit_status

    assert asyncio.run(interrupt()) == ("caught\n", 9)
