"""The routes a browser opens: signup, confirmation, pages of an instance and of the operator, and what they load.

Pages do what the JSON routes do, through the same verbs, for people without a program; what they look like is
`chalicelib/web/pages`' matter. GET shows and POST acts: programs that follow the links of a mail change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from chalice.app import Blueprint, Response

from chalicelib.api import signup
from chalicelib.api.acting import CONFIRMING, acting
from chalicelib.api.auth import instance_id
from chalicelib.api.call import Call
from chalicelib.api.catalogue import type_view
from chalicelib.api.edge import Edge
from chalicelib.api.errors import problem_of
from chalicelib.api.form import KEY, form_fields, form_key, signup_document
from chalicelib.api.origin import require_origin
from chalicelib.api.route import Shown, blueprint
from chalicelib.domain.errors import (
    CccError,
    InvalidInput,
    KeyReused,
    NotFound,
    OutOfStock,
    PublicUrlUnknown,
    Refused,
    StoreUnavailable,
)
from chalicelib.domain.signup import SignupKind
from chalicelib.operations import confirm, list_types
from chalicelib.operations.services import Services
from chalicelib.operations.sign_up import count_request
from chalicelib.web.pages import headers
from chalicelib.web.pages.assets import published
from chalicelib.web.pages.purchase_view import PurchaseView
from chalicelib.web.pages.refusals import refusal
from chalicelib.web.pages.signup_form import FIELDS, SENT_OTHERWISE, SignupForm
from chalicelib.web.pages.site import Site
from chalicelib.web.pages.typed import Typed

SIGNUP_FIELDS = frozenset({*FIELDS, "website", KEY})
NOT_YET = "60"
"""Seconds after which the market will have been read, where it never was."""


def pages_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes of pages."""
    site = Site(services.find_url)
    views = _Pages(services=services, edge=edge, site=site)
    routes = {
        ("GET", "/"): views.signup,
        ("POST", "/"): views.sign_up,
        ("GET", "/confirm/{id}/{token}"): views.look,
        ("POST", "/confirm/{id}/{token}"): views.confirm,
        ("GET", "/i/{id}"): views.instance,
        ("GET", "/operator"): views.operator,
        ("GET", "/assets/{name}"): views.asset,
    }
    return blueprint("pages", edge, routes, shown=lambda problem: refusal_page(site, problem))


def pages_of(services: Services) -> Shown:
    """What shows a problem as a page of this service, for routes that have no page of their own."""
    site = Site(services.find_url)
    return lambda problem: refusal_page(site, problem)


def refusal_page(site: Site, problem: Response) -> Response:
    """A problem document as a page: the same status and headers, in words for a person.

    It stays a document while nobody knows our address: a page has links.
    """
    document = json.loads(problem.body)
    words = refusal(document["code"], document["status"])
    try:
        body = site.page("refusal", problem=document, words=words)
    except (PublicUrlUnknown, StoreUnavailable):
        return problem
    return Response(body=body, status_code=problem.status_code, headers={**problem.headers, **headers.PAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    services: Services
    edge: Edge
    site: Site

    def signup(self, _: Call) -> Response:
        """Show the signup form."""
        return self._form(self.services.ids.new(), Typed(hours=str(self.services.limits.default_hours)))

    def sign_up(self, call: Call) -> Response:
        """Take the signup form."""
        require_origin(call, self.services.public_url, self.edge.origins)
        fields = form_fields(call, SIGNUP_FIELDS)
        key = form_key(fields)
        try:
            count_request(self.services, call.source_ip)
            signup.accept(self.services, self.edge, call, signup_document(fields), key)
        except (InvalidInput, Refused, OutOfStock) as error:
            return self._form_again(error, call, fields, key)
        return self._page("sent", status=202, address=fields["email"])

    def look(self, call: Call) -> Response:
        """Show what a confirmation would buy."""
        found = confirm.look(self.services, instance_id(call), call.path.get("token", ""))
        if found.already:
            return self._page("already", instance=found.instance)
        view = PurchaseView(
            instance=found.instance,
            choices=found.choices,
            billed=found.most_hours,
            rounding=self.services.limits.rounding,
        )
        return self._page("confirm" if found.choices else "sold_out", purchase=view)

    def confirm(self, call: Call) -> Response:
        """Confirm a signup: the machine is ordered."""
        require_origin(call, self.services.public_url)
        form_fields(call, ())
        done = confirm.confirm(acting(self.services, CONFIRMING), instance_id(call), call.path.get("token", ""))
        if done.already or done.manage_token is None:
            return self._page("already", instance=done.instance)
        address = f"{self.services.public_url}/i/{done.instance.id}#{done.manage_token}"
        return self._page("confirmed", instance=done.instance, address=address)

    def instance(self, call: Call) -> Response:
        """Show an instance: a shell, whose script asks with the token behind the #."""
        wait, most = self.edge.long_poll_seconds, self.services.limits.max_hours
        return self._page("instance", id=instance_id(call), wait=wait, most_hours=most)

    def operator(self, _: Call) -> Response:
        """Show the operator's page: a shell, whose script asks with the token that is typed."""
        return self._page("operator")

    def asset(self, call: Call) -> Response:
        """Hand out a script, the style sheet or the icon."""
        found = published().files.get(call.path.get("name", ""))
        if found is None:
            raise NotFound("no such asset")
        return Response(body=found.text, status_code=200, headers={"Content-Type": found.kind, **headers.ASSET})

    def _form_again(self, error: CccError, call: Call, fields: Mapping[str, str], key: str | None) -> Response:
        """The form once more, with what was typed; status and waiting time are those of the JSON route."""
        problem = problem_of(error, call.request_id, starts=True)
        if problem is None:
            raise error
        if key is None or isinstance(error, KeyReused):
            key = self.services.ids.new()
        wrong = error.fields if isinstance(error, InvalidInput) else {}
        said = SENT_OTHERWISE if isinstance(error, KeyReused) else error.message
        page = self._form(key, Typed.of(fields), wrong, None if wrong else said, problem.status_code)
        page.headers = {**problem.headers, **page.headers}
        return page

    def _form(
        self, key: str, typed: Typed, wrong: Mapping[str, str] | None = None, said: str | None = None, status: int = 200
    ) -> Response:
        limits = self.services.limits
        if limits.signup.kind is SignupKind.CLOSED:
            return self._page("closed", status=status)
        if self.services.catalogue.market() is None:
            return self._page("no_market", status=503, more={"Retry-After": NOT_YET})
        types = [type_view(each) for each in list_types.list_types(self.services)]
        now = int(self.services.clock.now().timestamp())
        stack = self.services.stack.get()
        form = SignupForm(
            types=types,
            limits=limits,
            now=now,
            key=key,
            typed=typed,
            wrong=wrong or {},
            said=said,
            paused=stack is not None and stack.paused,
        )
        return self._page("signup", status=status, form=form)

    def _page(
        self, template: str, *, status: int = 200, more: Mapping[str, str] | None = None, **names: object
    ) -> Response:
        body = self.site.page(template, **names)
        return Response(body=body, status_code=status, headers={**headers.PAGE, **(more or {})})
