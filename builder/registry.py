"""Which digest a registry has behind an image's tag today, asked over its HTTP API: docker is not needed for that.

By the OCI distribution specification (end-2, `GET /v2/<name>/manifests/<tag>`) and the token flow of the registries
(https://distribution.github.io/distribution/spec/auth/token/). What the digest is good for is the caller's business.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3

DOCKER_HUB = "https://registry-1.docker.io"
"""The registry of images that are named without one."""

_KINDS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "docker.distribution.manifest.list.v2",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.v2",
    )
)
"""Lists of all platforms' images first, since a FROM line is pinned by the list's digest where there is one."""

_FIELD = re.compile(r'(\w+)="([^"]*)"')
_TIMEOUT = urllib3.Timeout(connect=10, read=30)


class RegistryError(Exception):
    """The registry does not tell the digest; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One registry, by its URL without a trailing slash."""

    url: str = DOCKER_HUB

    def digest(self, image: str) -> str:
        """`sha256:…` of what `NAME:TAG` stands for now: the hash of the manifest itself; RegistryError."""
        name, _, tag = image.partition(":")
        name = name if "/" in name else f"library/{name}"
        where = f"{self.url}/v2/{name}/manifests/{tag}"
        with urllib3.PoolManager(timeout=_TIMEOUT, retries=False) as pool:
            answer = _asked(pool, where, {"Accept": _KINDS})
            if answer.status == HTTPStatus.UNAUTHORIZED:
                token = _token(pool, answer.headers.get("WWW-Authenticate", ""))
                answer = _asked(pool, where, {"Accept": _KINDS, "Authorization": f"Bearer {token}"})
        if answer.status != HTTPStatus.OK:
            raise RegistryError(f"the registry answered {answer.status} about {image}")
        return _checked(image, answer)


def _checked(image: str, answer: urllib3.BaseHTTPResponse) -> str:
    """The digest of the body, which must be a manifest and the one that the registry says it is."""
    found = f"sha256:{hashlib.sha256(answer.data).hexdigest()}"
    if "schemaVersion" not in _document(answer):
        raise RegistryError(f"the registry's answer about {image} is no manifest")
    said = answer.headers.get("Docker-Content-Digest")
    if said is not None and said != found:
        raise RegistryError(f"the registry says {said} of {image}, and sent {found}")
    return found


def _token(pool: urllib3.PoolManager, challenge: str) -> str:
    """An anonymous token, from where a `Bearer` challenge says."""
    kind, _, rest = challenge.partition(" ")
    fields = dict(_FIELD.findall(rest))
    realm = fields.pop("realm", "")
    if kind.lower() != "bearer" or not realm:
        raise RegistryError("the registry wants a login that is none of a token")
    answer = _asked(pool, realm, {}, fields)
    document = _document(answer)
    token = document.get("token") or document.get("access_token")
    if answer.status != HTTPStatus.OK or not isinstance(token, str):
        raise RegistryError(f"no token was given ({answer.status})")
    return token


def _document(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    try:
        document = json.loads(answer.data)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _asked(
    pool: urllib3.PoolManager, url: str, headers: dict[str, str], fields: dict[str, str] | None = None
) -> urllib3.BaseHTTPResponse:
    try:
        return pool.request("GET", url, fields=fields, headers=headers)
    except urllib3.exceptions.HTTPError as error:
        raise RegistryError(f"{url} could not be asked ({type(error).__name__})") from error
