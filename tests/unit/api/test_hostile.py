"""No input gives 5xx: whatever bytes, documents, paths and headers come, the answer is one we meant to give."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.api.world import ID, Api, make_api, public_key

SMALL = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
KEY = {"Idempotency-Key": "k"}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
FIELDS = st.sampled_from(["email", "ssh_public_key", "hours", "server_type", "location", "x"])


def quiet_api() -> Api:
    """An API with one running machine."""
    api = make_api()
    api.put()
    return api


@SMALL
@given(body=st.binary(max_size=200))
def test_no_bytes_break_a_route(body: bytes) -> None:
    """Arbitrary bytes in the place of JSON are refused by every route that takes a body."""
    api = quiet_api()
    headers = {"Content-Type": "application/json", **KEY}
    for path in ("/instances", f"/instances/{ID}/extend"):
        assert 400 <= api.call("POST", path, body or b"?", headers=headers).status < 500


@SMALL
@given(fields=st.dictionaries(FIELDS, VALUES, max_size=6))
def test_no_document_breaks_a_signup(fields: dict[str, Any]) -> None:
    """Arbitrary values in the fields of an order are refused with a sentence, never with a crash."""
    body = {"email": "a@example.com", "ssh_public_key": public_key(), **fields}
    answer = quiet_api().call("POST", "/instances", body, headers=KEY)
    assert answer.status in {202, 400, 422}
    assert answer.status != 422 or all(answer.json["errors"].values())


@SMALL
@given(text=st.text(max_size=60))
def test_no_path_query_or_header_breaks_a_look(text: str) -> None:
    """Arbitrary text as id, parameter and header is refused or passed over."""
    api = quiet_api()
    given_text = quote(text, safe="")
    statuses = {
        api.call("GET", f"/instances/{given_text or 'x'}").status,
        api.call("GET", f"/instances?cursor={given_text}").status,
        api.call("GET", f"/instances?owner={given_text}&status={given_text}").status,
        api.call("GET", f"/instances/{ID}?wait={given_text}").status,
        api.call("GET", f"/instances/{ID}", headers={"If-None-Match": text}).status,
        api.call("GET", f"/instances/{ID}", token=None, headers={"Authorization": text}).status,
        api.call("DELETE", f"/instances/{ID}", headers={"Content-Type": text, "Idempotency-Key": text}).status,
        api.call("GET", "/types", headers={"Origin": text}).status,
    }
    assert statuses <= {200, 202, 400, 401, 404, 422}
