"""What a builder is told that may not go on."""

from __future__ import annotations

from chalicelib.domain.errors.root import CccError


class BuildRefused(CccError):
    """The builder that asks may not go on."""

    code = "build_refused"


class TooEarly(BuildRefused):
    """The address of the server is not known yet; ask again after `data["retry_after"]` seconds."""

    code = "too_early"


class Superseded(BuildRefused):
    """Another attempt, another claim or an outcome already told stands in the way."""

    code = "superseded"


class BuildOver(BuildRefused):
    """The instance is ending or gone: the build is to stop."""

    code = "build_over"
