"""What each change of a server means for its timelines, its lock and its actions.

The routes decide whether it may happen; this decides what then does.
"""

from dataclasses import replace

from hetzner_emulator.emulator import Emulator
from hetzner_emulator.faults.fault import Fault
from hetzner_emulator.records import Action, Server, Timeline

# What boots from each state of the disk; a formatted disk boots nothing.
_BOOTS = {"stock": "stock", "installed": "guest", "formatted": "none"}

# Who waits for a machine to leave cannot tell one that was never seen to be away from one that did not go.
_SEEN_TO_BE_AWAY = 2.0


def act(
    emulator: Emulator, server: Server, command: str, times: tuple[float, float], fault: Fault | None = None
) -> Action:
    """Record an action on a server from `times[0]` to `times[1]`."""
    error = None
    if fault is not None:
        code = str(fault.more.get("code", "action_failed"))
        error = (code, str(fault.more.get("message", "Action failed")))
    action = Action(
        id=emulator.world.next_id("action"),
        project=server.project,
        command=command,
        started=times[0],
        ends=None if times[1] == float("inf") else times[1],
        resources=(("server", server.id),),
        error=error,
    )
    emulator.world.put_action(action)
    return action


def up(emulator: Emulator, server: Server, moment: float) -> Timeline:
    """Return the SSH timeline of a machine that is switched on at `moment`."""
    latency = emulator.latency
    system = _BOOTS[server.disk]
    wait = latency.reboot if system == "guest" else latency.boot
    return appears(server, system, moment, moment + wait)


def appears(server: Server, system: str, gone: float, back: float) -> Timeline:
    """Return the SSH timeline of a machine that answers nobody from `gone` and as `system` from `back`."""
    if server.ssh_never or server.fate == "gone":
        return ((gone, "none"),)
    if server.fate == "old_system":
        system, back = "stock", max(back, gone + _SEEN_TO_BE_AWAY)
    elif server.fate == "hangs":
        system = "hung"
    return ((gone, "none"), (back + server.ssh_delay, system))


def creation(emulator: Emulator, server: Server, now: float, *, stuck: bool) -> Server:
    """Return a server that has just been ordered."""
    latency = emulator.latency
    if stuck:
        return replace(server, status_line=((now, "initializing"),), ssh_line=((now, "none"),))
    begun = now + latency.create
    running = begun + latency.start
    return replace(
        server,
        status_line=((now, "initializing"), (begun, "starting"), (running, "running")),
        ssh_line=((now, "none"), *up(emulator, server, running)),
        locked_until=begun,
    )


def left_off(emulator: Emulator, server: Server, now: float) -> Server:
    """Return a server that was ordered with `start_after_create: false`."""
    begun = now + emulator.latency.create
    line = ((now, "initializing"), (begun, "off"))
    return replace(server, status_line=line, ssh_line=((now, "none"),), locked_until=begun)


def power_on(emulator: Emulator, server: Server, now: float) -> Server:
    """Return a server that has been switched on."""
    running = now + emulator.latency.power
    return replace(
        server,
        status_line=((now, "starting"), (running, "running")),
        ssh_line=up(emulator, server, running),
        locked_until=running,
    )


def power_off(emulator: Emulator, server: Server, now: float) -> Server:
    """Return a server that has been switched off."""
    off = now + emulator.latency.power
    line = ((now, "stopping"), (off, "off"))
    return replace(server, status_line=line, ssh_line=((now, "none"),), locked_until=off)


def restart(emulator: Emulator, server: Server, now: float) -> Server:
    """Return a server that has been reset: it stays `running` and comes back from its disk."""
    done = now + emulator.latency.power
    return replace(server, status_line=((now, "running"),), ssh_line=up(emulator, server, done), locked_until=done)


def rebuild(emulator: Emulator, server: Server, now: float) -> Server:
    """Return a server that is being written anew."""
    begun = now + emulator.latency.create
    running = begun + emulator.latency.start
    return replace(
        server,
        status_line=((now, "rebuilding"), (begun, "starting"), (running, "running")),
        ssh_line=((now, "none"), *up(emulator, server, running)),
        locked_until=begun,
    )
