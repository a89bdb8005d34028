"""The protocol of one instance as a small machine: every interleaving of its actors, with a crash at every step.

Five actors share one row and one provider: a provision, an extend, two reapers and a sweep. A state holds the world and
how far each actor has come; `explore` walks through all of them and names what went wrong. It imports nothing of the
product: it judges the order of the steps, not the code. Age, sightings and marker are left out on purpose: they are
nets below the order, and the order must hold without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

LAST_MOMENT = 3
"""Moments are 0 to 3: ends lie at 1, extended ends at 2; a lease holds for the moment it was taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The four decisions; the defaults are those of the product."""

    row_first: bool = True
    servers_listed_first: bool = True
    extend_by_compare_and_swap: bool = True
    sweeps: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is written down of the instance."""

    status: str
    ends: int
    leased_at: int | None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The row, the server's number at the provider, the moment, the end that was promised, the servers ever made."""

    row: Row | None = None
    server: int | None = None
    moment: int = 0
    promised: int = 0
    made: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who it is, the step it takes next (None: done or dead), and what it has read."""

    name: str
    step: str | None
    row: Row | None = None
    server: int | None = None


State = tuple[World, tuple[Actor, ...]]
Outcome = tuple[World, Actor]


def begin(design: Design) -> State:
    """Nothing exists, and nobody has begun."""
    names = {
        "provision": "put" if design.row_first else "post",
        "extend": "read",
        "reaper 1": "claim",
        "reaper 2": "claim",
        "sweep": ("list" if design.servers_listed_first else "rows") if design.sweeps else None,
    }
    return World(), tuple(Actor(name=name, step=step) for name, step in names.items())


def explore(design: Design, *, looking_for: str | None = None) -> tuple[int, set[str]]:
    """The number of states that can be reached, and everything that can go wrong in them.

    With `looking_for` it ends at the first state in which this goes wrong.
    """
    first = begin(design)
    seen, waiting, wrong = {first}, [first], set[str]()
    while waiting and looking_for not in wrong:
        state = waiting.pop()
        wrong |= set(_wrong(state, design))
        for following in _following(state, design):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return len(seen), wrong


def _following(state: State, design: Design) -> Iterator[State]:
    """Time goes on, an actor takes its step, or an actor dies."""
    world, actors = state
    if world.moment < LAST_MOMENT:
        yield replace(world, moment=world.moment + 1), actors
    for place, actor in enumerate(actors):
        if actor.step is None:
            continue
        for after, changed in (take(world, actor, design), (world, _over(actor))):
            yield after, (*actors[:place], changed, *actors[place + 1 :])


def _wrong(state: State, design: Design) -> Iterator[str]:
    world, _ = state
    status = None if world.row is None else world.row.status
    if status == "running" and world.server is None:
        yield "a running row has no server"
    if world.moment < world.promised and (status != "running" or world.server is None):
        yield "an extended instance is deleted"
    yield from _wrong_after_healing(world, design)


def _wrong_after_healing(world: World, design: Design) -> Iterator[str]:
    """Everybody dies here; later two reapers and a sweep go through undisturbed."""
    world = replace(world, moment=LAST_MOMENT + 1)
    for name, step in (("reaper", "claim"), ("reaper", "claim"), ("sweep", "list" if design.sweeps else None)):
        actor = Actor(name=name, step=step)
        while actor.step is not None:
            world, actor = take(world, actor, design)
    if world.server is not None:
        yield "a server is left that nobody removes"
    if world.row is not None and world.row.status != "deleted":
        yield "a row never ends"


def take(world: World, actor: Actor, design: Design) -> Outcome:
    """One step of one actor."""
    role = actor.name.split()[0]
    if role == "sweep" and actor.step in {"rows", "all"}:
        return _sweep_backwards(world, actor)
    if role == "provision" and not design.row_first:
        return _provision_backwards(world, actor)
    steps: dict[tuple[str, str | None], Callable[[World, Actor], Outcome]] = {
        ("provision", "put"): _put,
        ("provision", "post"): _post,
        ("provision", "record"): _record,
        ("extend", "read"): _read,
        ("extend", "save"): _swap if design.extend_by_compare_and_swap else _save,
        ("reaper", "claim"): _claim,
        ("reaper", "look"): _look,
        ("reaper", "delete"): _delete,
        ("reaper", "finish"): _finish,
        ("sweep", "list"): _list,
        ("sweep", "check"): _check,
        ("sweep", "delete"): _sweep_delete,
    }
    return steps[role, actor.step](world, actor)


def _over(actor: Actor) -> Actor:
    return Actor(name=actor.name, step=None)


def _changed(row: Row, **changes: object) -> Row:
    return replace(row, version=row.version + 1, **changes)  # type: ignore[arg-type]  # a row's own fields


def _put(world: World, actor: Actor) -> Outcome:
    row = Row(status="creating", ends=1, leased_at=world.moment)
    return replace(world, row=row), replace(actor, step="post", row=row)


def _post(world: World, actor: Actor) -> Outcome:
    """The name is unique: a second create finds the first one's server. A paused worker may be this late."""
    if world.server is None:
        world = replace(world, server=world.made + 1, made=world.made + 1)
    return world, replace(actor, step="record", server=world.server)


def _record(world: World, actor: Actor) -> Outcome:
    if world.row is not None and world.row == actor.row:
        world = replace(world, row=_changed(world.row, status="running", leased_at=None))
    return world, _over(actor)


def _provision_backwards(world: World, actor: Actor) -> Outcome:
    """The server first, and then a row that says it runs."""
    if actor.step == "post":
        return _post(world, actor)
    return replace(world, row=Row(status="running", ends=1, leased_at=None)), _over(actor)


def _read(world: World, actor: Actor) -> Outcome:
    if world.row is None or world.row.status != "running" or world.moment >= world.row.ends:
        return world, _over(actor)
    return world, replace(actor, step="save", row=world.row)


def _swap(world: World, actor: Actor) -> Outcome:
    """The extend as it is: refused at the end, and only on the row that was read."""
    if actor.row is None or world.row != actor.row or world.moment >= actor.row.ends:
        return world, _over(actor)
    return replace(world, row=_changed(actor.row, ends=2), promised=2), _over(actor)


def _save(world: World, actor: Actor) -> Outcome:
    """The extend as it must not be: what was read is written back, whatever has become of it."""
    if actor.row is None:
        return world, _over(actor)
    return replace(world, row=_changed(actor.row, ends=2), promised=2), _over(actor)


def _claim(world: World, actor: Actor) -> Outcome:
    """One compare-and-swap: what has ended, what was never made in time, what another reaper has left behind."""
    row = world.row
    if row is None or row.status == "deleted" or row.leased_at == world.moment or world.moment < row.ends:
        return world, _over(actor)
    claimed = _changed(row, status="deleting", leased_at=world.moment)
    return replace(world, row=claimed), replace(actor, step="look", row=claimed)


def _look(world: World, actor: Actor) -> Outcome:
    step = "finish" if world.server is None else "delete"
    return world, replace(actor, step=step, server=world.server)


def _delete(world: World, actor: Actor) -> Outcome:
    return _without(world, actor.server), replace(actor, step="finish", server=None)


def _finish(world: World, actor: Actor) -> Outcome:
    if world.row is not None and world.row == actor.row:
        world = replace(world, row=_changed(world.row, status="deleted", leased_at=None))
    return world, _over(actor)


def _list(world: World, actor: Actor) -> Outcome:
    return world, replace(actor, step=None if world.server is None else "check", server=world.server)


def _check(world: World, actor: Actor) -> Outcome:
    owned = world.row is not None and world.row.status != "deleted"
    return world, _over(actor) if owned else replace(actor, step="delete")


def _sweep_delete(world: World, actor: Actor) -> Outcome:
    return _without(world, actor.server), _over(actor)


def _sweep_backwards(world: World, actor: Actor) -> Outcome:
    """Rows first, and then the servers: what has been born in between has no row in the list."""
    if actor.step == "rows":
        return world, replace(actor, step="all", row=world.row)
    owned = actor.row is not None and actor.row.status != "deleted"
    gone = world.server is None or owned
    return world, _over(actor) if gone else replace(actor, step="delete", server=world.server)


def _without(world: World, server: int | None) -> World:
    """The provider without the server of this number; another one is not touched."""
    return replace(world, server=None) if world.server == server else world
