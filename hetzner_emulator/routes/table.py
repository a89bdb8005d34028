"""Every route of the API in one list."""

from hetzner_emulator.call import Route
from hetzner_emulator.routes import (
    absent,
    actions,
    catalogue,
    images,
    primary_ips,
    server_actions,
    servers,
    ssh_keys,
)

ROUTES: list[Route] = [
    *servers.ROUTES,
    *server_actions.ROUTES,
    *actions.ROUTES,
    *ssh_keys.ROUTES,
    *images.ROUTES,
    *catalogue.ROUTES,
    *primary_ips.ROUTES,
    *absent.ROUTES,
]
