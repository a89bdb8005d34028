"""Which places in AWS a setting may name: `ses:`, `ssm:`, `lambda:`, `codebuild:` and `fargate:` URLs and their forms.

Names are as AWS allows them; whether what is named exists is not asked here. A problem repeats nothing of the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chalicelib.config.place import Place

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}")
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PARAMETERS = re.compile(r"(?!/(?i:aws|ssm)(?:/|$))(?:/[A-Za-z0-9._-]{1,128}){1,10}")
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,149}")
_CLUSTER = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TASK = re.compile(r"/[A-Za-z0-9_-]{1,255}(:[1-9][0-9]*)?")
_MAIL_OPTIONS = {"configuration_set": re.compile(r"[A-Za-z0-9_-]{1,64}")}
_TASK_OPTIONS = {
    "subnets": re.compile(r"subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*"),
    "security_groups": re.compile(r"sg-[0-9a-f]+(,sg-[0-9a-f]+)*"),
    "container": re.compile(r"[A-Za-z0-9_-]{1,255}"),
    "public_ip": re.compile(r"on|off"),
}

NEEDS: Mapping[str, str] = {
    "ses": "needs a region and perhaps a configuration set, as in ses://eu-central-1?configuration_set=ccc-prod",
    "ssm": "needs the path above the parameters and nothing else, as in ssm:///ccc/prod",
    "lambda": "needs the name of a function and nothing else, as in lambda://ccc-prod-advance",
    "codebuild": "needs the name of a project and nothing else, as in codebuild://ccc-prod-builder",
    "fargate": "needs a cluster, a task definition and its subnets, as in fargate://ccc/builder?subnets=subnet-0a1b",
}


def cloud_problems(place: Place) -> Iterator[str]:
    """A sentence for a URL in AWS that does not have its form; none for places elsewhere."""
    if place.scheme in NEEDS and not _is_right(place):
        yield NEEDS[place.scheme]


def _is_right(place: Place) -> bool:
    match place.scheme:
        case "ses":
            return _is_only(place, host=_REGION, options=_MAIL_OPTIONS)
        case "ssm":
            return _is_only(place, path=_PARAMETERS)
        case "lambda":
            return _is_only(place, host=_FUNCTION)
        case "codebuild":
            return _is_only(place, host=_PROJECT)
        case _:
            return bool(place.option("subnets")) and _is_only(place, host=_CLUSTER, path=_TASK, options=_TASK_OPTIONS)


_NOTHING = re.compile("")


def _is_only(
    place: Place,
    *,
    host: re.Pattern[str] = _NOTHING,
    path: re.Pattern[str] = _NOTHING,
    options: Mapping[str, re.Pattern[str]] | None = None,
) -> bool:
    """Whether a place has these parts, each of its form, and no other: no port, no login, no option besides."""
    known = options or {}
    bare = place == Place(scheme=place.scheme, host=place.host, path=place.path, query=place.query)
    asked = all(name in known and known[name].fullmatch(value) for name, value in place.query)
    return bool(bare and asked and host.fullmatch(place.host) and path.fullmatch(place.path))
