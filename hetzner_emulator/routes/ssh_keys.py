"""Registered public keys, unique by name and by fingerprint."""

from dataclasses import replace

from hetzner_emulator import validation
from hetzner_emulator.call import Call, Reply, Route
from hetzner_emulator.errors import not_found, taken
from hetzner_emulator.paging import ordered, page_of
from hetzner_emulator.publickey import fingerprint
from hetzner_emulator.records import SshKey
from hetzner_emulator.selector import parse
from hetzner_emulator.views import key_view


def _own(call: Call) -> list[SshKey]:
    return [key for key in call.emulator.world.ssh_keys.values() if key.project == call.project]


def _find(call: Call) -> SshKey:
    found = call.emulator.world.ssh_keys.get(call.id("ssh_key"))
    if found is None or found.project != call.project:
        raise not_found("ssh_key", call.ids[0])
    return found


def _list(call: Call) -> Reply:
    query = call.query
    keys = _own(call)
    if "name" in query:
        keys = [key for key in keys if key.name == query["name"]]
    if "fingerprint" in query:
        keys = [key for key in keys if key.fingerprint == query["fingerprint"]]
    if "label_selector" in query:
        wanted = parse(query["label_selector"])
        keys = [key for key in keys if wanted(key.labels)]
    keys = ordered(keys, query.getall("sort", []), ("id", "name", "created"))
    page, meta, headers = page_of(keys, query, call.url)
    return Reply(body={"ssh_keys": [key_view(key) for key in page], "meta": meta}, headers=headers)


def _create(call: Call) -> Reply:
    name = validation.key_name(call.body.get("name"))
    print_ = fingerprint(call.body.get("public_key"))
    labels = validation.labels(call.body.get("labels"))
    if any(key.name == name for key in _own(call)):
        raise taken("name", "SSH key name is already used")
    if any(key.fingerprint == print_ for key in _own(call)):
        raise taken("public_key", "SSH key not unique")
    key = SshKey(
        id=call.emulator.world.next_id("ssh_key"),
        project=call.project,
        name=name,
        labels=labels,
        created=call.now,
        public_key=str(call.body["public_key"]).strip(),
        fingerprint=print_,
    )
    call.emulator.world.put_key(key)
    return Reply(status=201, body={"ssh_key": key_view(key)})


def _get(call: Call) -> Reply:
    return Reply(body={"ssh_key": key_view(_find(call))})


def _put(call: Call) -> Reply:
    key = _find(call)
    name = validation.key_name(call.body["name"]) if call.body.get("name") is not None else key.name
    if any(other.name == name and other.id != key.id for other in _own(call)):
        raise taken("name", "SSH key name is already used")
    labels = validation.labels(call.body["labels"]) if "labels" in call.body else key.labels
    changed = replace(key, name=name, labels=labels)
    call.emulator.world.put_key(changed)
    return Reply(body={"ssh_key": key_view(changed)})


def _delete(call: Call) -> Reply:
    call.emulator.world.drop(_find(call))
    return Reply(status=204)


ROUTES = [
    Route("GET", "/ssh_keys", _list),
    Route("POST", "/ssh_keys", _create),
    Route("GET", "/ssh_keys/{}", _get),
    Route("PUT", "/ssh_keys/{}", _put),
    Route("DELETE", "/ssh_keys/{}", _delete),
]
