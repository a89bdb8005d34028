"""Which of botocore's 400 service descriptions are shipped: those of the services that the code makes clients of.

The list is the only one; a test compares it with the clients in `chalicelib`. A client of a service that is missing
here fails in the artefact with `UnknownServiceError`, however well it works in a checkout.
"""

from __future__ import annotations

SERVICES = ("codebuild", "dynamodb", "ecs", "lambda", "sesv2", "ssm")
"""The names that botocore has for them: the store, both builders, the nudge, mail, the keyring."""

SHARED = ("_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json")
"""What botocore reads for every service."""

UNREAD = ("examples-1.json", "examples-1.json.gz")
"""Parts of a service's description that only its documentation reads."""


def shipped(path: tuple[str, ...]) -> bool:
    """Whether a file below `botocore/data` is shipped, by its path's parts: `("dynamodb", "2012-08-10", …)`."""
    if len(path) == 1:
        return path[0] in SHARED
    return path[0] in SERVICES and path[-1] not in UNREAD
