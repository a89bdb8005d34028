"""The `Servers` port on Hetzner Cloud, through the unmodified hcloud library."""

from chalicelib.adapters.hetzner_servers.servers import HetznerServers

__all__ = ["HetznerServers"]
