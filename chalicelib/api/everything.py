"""All routes on one application, in the order in which they must be declared."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.api.box import box_blueprint
from chalicelib.api.builds import builds_blueprint
from chalicelib.api.catalogue import catalogue_blueprint
from chalicelib.api.edge import Edge
from chalicelib.api.health import health_blueprint
from chalicelib.api.instances import instances_blueprint
from chalicelib.api.methods import other_methods_blueprint
from chalicelib.api.openapi import openapi_blueprint
from chalicelib.api.operator import operator_blueprint
from chalicelib.api.oversight import oversight_blueprint
from chalicelib.api.pages import pages_blueprint, pages_of
from chalicelib.api.switches import switches_blueprint
from chalicelib.api.why import why_blueprint
from chalicelib.operations.services import Services


def add_routes(app: Chalice, services: Services, edge: Edge) -> None:
    """Declare every route; what other methods answer comes last, since it looks at what is there."""
    app.register_blueprint(instances_blueprint(services, edge))
    app.register_blueprint(box_blueprint(services, edge))
    app.register_blueprint(builds_blueprint(services, edge))
    app.register_blueprint(catalogue_blueprint(services, edge))
    app.register_blueprint(operator_blueprint(services, edge))
    app.register_blueprint(switches_blueprint(services, edge))
    app.register_blueprint(oversight_blueprint(services, edge))
    app.register_blueprint(why_blueprint(services, edge))
    app.register_blueprint(health_blueprint(services, edge))
    app.register_blueprint(pages_blueprint(services, edge))
    app.register_blueprint(openapi_blueprint(services, edge))
    app.register_blueprint(other_methods_blueprint(app, edge, page=pages_of(services)))
