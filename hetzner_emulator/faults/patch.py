"""Changes a response on command: a JSON merge patch, the same for each item of a list, and single places.

`patch` is a merge patch (RFC 7396) of the whole body; `each` applies one to every item of a named list, and to
the single object of the singular name; `set` is a list of `{"path": "/servers/*/id", "value": …}`, for the
nulls a merge patch cannot write.
"""

from typing import Any

Json = dict[str, Any]


def mutate(body: Any, more: Json) -> Any:
    """Return the body changed as the fault's parameters say."""
    result = merge(body, more.get("patch", {}))
    for name, patch in more.get("each", {}).items():
        if isinstance(result.get(name), list):
            result = result | {name: [merge(item, patch) for item in result[name]]}
        elif isinstance(result.get(name.removesuffix("s")), dict):
            single = name.removesuffix("s")
            result = result | {single: merge(result[single], patch)}
    for change in more.get("set", []):
        result = _placed(result, change["path"].strip("/").split("/"), change["value"])
    return result


def merge(target: Any, patch: Any) -> Any:
    """Return `target` with a merge patch applied."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _placed(target: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(target, list):
        return [
            _placed(item, rest, value) if step in ("*", str(number)) else item for number, item in enumerate(target)
        ]
    if isinstance(target, dict):
        return target | {step: _placed(target.get(step), rest, value)}
    return target
