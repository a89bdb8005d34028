"""All that exists, in memory, with the indexes the routes need; changes are kept until `commit`.

Everything runs on one thread: between a change and its commit nobody else looks.
"""

from typing import TypeVar

from hetzner_emulator.records import Action, Record, Server, Snapshot, SshKey, from_json, to_json
from hetzner_emulator.store import Row, Store

T = TypeVar("T", Action, SshKey, Snapshot)

_KINDS: dict[type[Record], str] = {
    Server: "server",
    Action: "action",
    SshKey: "ssh_key",
    Snapshot: "snapshot",
}
# Where each kind's ids begin; actions have 15 digits, as the provider's do.
_FIRST = {
    "server": 110_000_000,
    "ssh_key": 21_000_000,
    "snapshot": 310_000_000,
    "primary_ip": 71_000_000,
    "action": 580_000_000_000_000,
}


class World:
    """The records of all projects."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.servers = {s.id: s for s in (from_json(Server, body) for body in store.rows("server"))}
        self.actions = {a.id: a for a in (from_json(Action, body) for body in store.rows("action"))}
        self.ssh_keys = {k.id: k for k in (from_json(SshKey, body) for body in store.rows("ssh_key"))}
        self.snapshots = {i.id: i for i in (from_json(Snapshot, body) for body in store.rows("snapshot"))}
        self._live: dict[str, dict[int, Server]] = {}
        self._names: dict[tuple[str, str], int] = {}
        self._of_server: dict[int, list[int]] = {}
        self._sequence = int(store.setting("sequence", "0"))
        self._dirty: dict[tuple[str, int], str | None] = {}
        self._settings: dict[str, str] = {}
        self.changed_servers: set[int] = set(self.servers)
        for server in self.servers.values():
            self._index(server)
        for action in self.actions.values():
            self._index_action(action)

    def next_id(self, kind: str) -> int:
        """Return an id never given before."""
        self._sequence += 1
        self._settings["sequence"] = str(self._sequence)
        return _FIRST[kind] + self._sequence

    def live(self, project: str) -> dict[int, Server]:
        """Return the project's servers that are not deleted, by id."""
        return self._live.setdefault(project, {})

    def named(self, project: str, name: str) -> Server | None:
        """Return the live server of that name."""
        ident = self._names.get((project, name))
        return None if ident is None else self.servers[ident]

    def actions_of(self, server_id: int) -> list[Action]:
        """Return a server's actions, oldest first."""
        return [self.actions[ident] for ident in self._of_server.get(server_id, [])]

    def put_server(self, server: Server) -> None:
        """Add or replace a server."""
        before = self.servers.get(server.id)
        if before is not None and self._names.get((before.project, before.name)) == before.id:
            del self._names[before.project, before.name]
        self.servers[server.id] = server
        self._index(server)
        self.changed_servers.add(server.id)
        self._note("server", server.id, server)

    def put_action(self, action: Action) -> None:
        """Add or replace an action."""
        if action.id not in self.actions:
            self._index_action(action)
        self.actions[action.id] = action
        self._note("action", action.id, action)

    def put_key(self, key: SshKey) -> None:
        """Add or replace an SSH key."""
        self.ssh_keys[key.id] = key
        self._note("ssh_key", key.id, key)

    def put_snapshot(self, image: Snapshot) -> None:
        """Add or replace a snapshot."""
        self.snapshots[image.id] = image
        self._note("snapshot", image.id, image)

    def drop(self, record: SshKey | Snapshot) -> None:
        """Remove a key or snapshot for good."""
        table: dict[int, SshKey] | dict[int, Snapshot]
        table = self.ssh_keys if isinstance(record, SshKey) else self.snapshots
        del table[record.id]
        self._dirty[_KINDS[type(record)], record.id] = None

    def set(self, name: str, value: str) -> None:
        """Change a setting with the next commit."""
        self._settings[name] = value

    def commit(self) -> None:
        """Write everything that changed, all or nothing."""
        if not self._dirty and not self._settings:
            return
        rows: list[Row] = [(kind, ident, body) for (kind, ident), body in self._dirty.items()]
        self.store.write(rows, self._settings)
        self._dirty.clear()
        self._settings.clear()

    def _note(self, kind: str, ident: int, record: Record) -> None:
        self._dirty[kind, ident] = to_json(record)

    def _index(self, server: Server) -> None:
        if server.deleted_at is None:
            self.live(server.project)[server.id] = server
            self._names[server.project, server.name] = server.id
        else:
            self.live(server.project).pop(server.id, None)

    def _index_action(self, action: Action) -> None:
        for kind, ident in action.resources:
            if kind == "server":
                self._of_server.setdefault(ident, []).append(action.id)
