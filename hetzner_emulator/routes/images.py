"""Images: the provider's systems and the snapshots made here."""

import shutil
from dataclasses import replace
from typing import Any

from hetzner_emulator import validation
from hetzner_emulator.call import Call, Reply, Route
from hetzner_emulator.clock import parse_iso
from hetzner_emulator.errors import ApiError, invalid, not_found, protected
from hetzner_emulator.paging import ordered, page_of
from hetzner_emulator.records import Action, Snapshot
from hetzner_emulator.selector import parse
from hetzner_emulator.views import action_view, snapshot_view

Json = dict[str, Any]
# After this many seconds a deprecated image can no longer be used.
_DEPRECATION_GRACE = 90 * 86400


def all_images(call: Call) -> list[Json]:
    """Return every image the project sees."""
    market, now = call.emulator.market, call.now
    own = [image for image in call.emulator.world.snapshots.values() if image.project == call.project]
    return [*market.images.values(), *(snapshot_view(image, now, market.images[image.base_image]) for image in own)]


def find_image(call: Call, ident: object, architecture: str) -> Json:
    """Return the image of an id, or of a name in the wanted architecture."""
    images = all_images(call)
    found = [image for image in images if str(image["id"]) == str(ident)]
    named = [image for image in images if image["name"] == ident]
    found = found or [image for image in named if image["architecture"] == architecture] or named
    if not found:
        raise not_found("image", ident)
    image = found[0]
    if image["deprecated"] and parse_iso(image["deprecated"]) + _DEPRECATION_GRACE < call.now:
        raise ApiError(422, "invalid_input", f"image {image['id']} is deprecated and can no longer be used")
    if image["status"] != "available":
        raise ApiError(422, "invalid_input", f"image {image['id']} is not available yet")
    return image


def _list(call: Call) -> Reply:
    images = [image for image in all_images(call) if _wanted(call, image)]
    images = ordered(images, call.query.getall("sort", []), ("id", "name", "created"), dict.__getitem__)
    page, meta, headers = page_of(images, call.query, call.url)
    return Reply(body={"images": page, "meta": meta}, headers=headers)


def _wanted(call: Call, image: Json) -> bool:
    query = call.query
    for field in ("name", "type", "status", "architecture"):
        if field in query and image[field] not in query.getall(field):
            return False
    if "label_selector" in query and not parse(query["label_selector"])(image["labels"]):
        return False
    return image["deprecated"] is None or query.get("include_deprecated") == "true" or "name" in query


def _get(call: Call) -> Reply:
    ident = call.id("image")
    for image in all_images(call):
        if image["id"] == ident:
            return Reply(body={"image": image})
    raise not_found("image", ident)


def _snapshot(call: Call) -> Snapshot:
    found = call.emulator.world.snapshots.get(call.id("image"))
    if found is None or found.project != call.project:
        raise not_found("image", call.ids[0])
    return found


def _put(call: Call) -> Reply:
    image = _snapshot(call)
    changed = replace(
        image,
        description=validation.text(call.body, "description", image.description),
        labels=validation.labels(call.body.get("labels", image.labels)),
    )
    call.emulator.world.put_snapshot(changed)
    return _get(call)


def _delete(call: Call) -> Reply:
    image = _snapshot(call)
    if image.protected:
        raise protected("image")
    call.emulator.world.drop(image)
    shutil.rmtree(call.emulator.folder_of_image(image.id), ignore_errors=True)
    return Reply(status=204)


def _protect(call: Call) -> Reply:
    image = _snapshot(call)
    if "delete" not in call.body:
        raise invalid("delete", "missing data for required field")
    call.emulator.world.put_snapshot(replace(image, protected=validation.flag(call.body, "delete", default=False)))
    action = Action(
        id=call.emulator.world.next_id("action"),
        project=call.project,
        command="change_protection",
        started=call.now,
        ends=call.now,
        resources=(("image", image.id),),
    )
    call.emulator.world.put_action(action)
    return Reply(status=201, body={"action": action_view(action, call.now)})


ROUTES = [
    Route("GET", "/images", _list),
    Route("GET", "/images/{}", _get),
    Route("PUT", "/images/{}", _put),
    Route("DELETE", "/images/{}", _delete),
    Route("POST", "/images/{}/actions/change_protection", _protect),
]
