"""The operator's list: its query, and a page of instances as JSON."""

from __future__ import annotations

from typing import Any

from chalicelib.api.call import Call
from chalicelib.api.email_field import normalise_email
from chalicelib.api.instance_view import instance_view
from chalicelib.api.list_cursor import not_ours, sealed, unsealed
from chalicelib.api.reading import read
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instance import TERMINAL
from chalicelib.operations import list_instances
from chalicelib.operations.ports import Page
from chalicelib.operations.services import Services
from chalicelib.operations.show import Shown


def instance_list(services: Services, call: Call) -> dict[str, Any]:
    """`{"instances": […], "next_cursor": …}` for the call's query.

    InvalidInput for a parameter that does not fit; HttpError 400 for a cursor that is not ours.
    """
    page = _page(services, call)
    views = [instance_view(Shown(instance=each, build=None), services, operator=True) for each in page.instances]
    return {"instances": views, "next_cursor": sealed(services, page.next_cursor)}


def _page(services: Services, call: Call) -> Page:
    from chalicelib.api.schemas import ListQuery  # noqa: PLC0415 -- brings pydantic, which is slow to import

    query = read(ListQuery, {name: call.parameter(name) for name in call.query})
    owner = None if query.owner is None else _owner(query.owner)
    try:
        return list_instances.list_instances(
            services,
            ended=query.all or query.status in TERMINAL,
            status=query.status,
            owner=owner,
            limit=int(query.limit),
            cursor=unsealed(services, query.cursor),
        )
    except InvalidInput as error:
        if "cursor" not in error.fields:
            raise
        raise not_ours() from error


def _owner(text: str) -> EmailAddress:
    try:
        return normalise_email(text)
    except InvalidInput as error:
        raise InvalidInput({"owner": next(iter(error.fields.values()))}) from error
