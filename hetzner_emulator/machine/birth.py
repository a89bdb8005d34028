"""A server as it is born: its addresses, its host key, who may log in as root."""

import ipaddress
import shutil
from dataclasses import replace

import asyncssh

from hetzner_emulator import cloudconfig, doom
from hetzner_emulator.call import Call
from hetzner_emulator.records import Server
from hetzner_emulator.routes.server_order import ServerOrder

# Each server's /64 is cut from the documentation block by its id.
_IPV6 = ipaddress.IPv6Network("2001:db8::/32")


def new_server(call: Call, order: ServerOrder) -> Server:
    """Return the server of an order, with addresses taken and nothing running yet."""
    world = call.emulator.world
    ident = world.next_id("server")
    server = Server(
        id=ident,
        project=call.project,
        name=order.name,
        labels=order.labels,
        created=call.now,
        server_type=order.server_type["name"],
        location=order.location,
        image=order.image["id"],
        user_data=order.user_data,
        named_keys=tuple(key.public_key for key in order.keys),
        root_keys=(),
        password_expired=False,
        host_key="",
        ipv4=_ipv4(call) if order.ipv4 else None,
        ipv4_id=world.next_id("primary_ip"),
        ipv6=_ipv6(ident) if order.ipv6 else None,
        ipv6_id=world.next_id("primary_ip"),
        status_line=((call.now, "initializing"),),
        ssh_line=((call.now, "none"),),
        locked_until=call.now,
    )
    dies = call.fault("dies")
    return _odd(call, first_boot(call, server if dies is None else doom.doomed(server, dies.more)))


def first_boot(call: Call, server: Server) -> Server:
    """Return the server as its image and user_data leave it: a stock system, or what a snapshot held."""
    return doom.past(replace(_from_image(call, server), fate=""), "boot", new_host_key)


def _from_image(call: Call, server: Server) -> Server:
    folder = call.emulator.folder_of(server)
    snapshot = call.emulator.world.snapshots.get(server.image)
    if snapshot is not None and snapshot.disk == "installed":
        shutil.copytree(call.emulator.folder_of_image(snapshot.id), folder, symlinks=True)
        return replace(server, disk="installed")
    boot = cloudconfig.read(server.user_data)
    return replace(
        server,
        disk="stock",
        root_keys=(*server.named_keys, *boot.root_keys),
        host_key=boot.host_key or new_host_key(),
        password_expired=not server.named_keys and boot.expire,
    )


def new_host_key() -> str:
    """Return a fresh ed25519 private key in OpenSSH form."""
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def _odd(call: Call, server: Server) -> Server:
    """Apply the faults that make a machine strange."""
    slow = call.fault("ssh_slow")
    if call.fault("wrong_host_key") is not None:
        server = replace(server, host_key=new_host_key())
    return replace(
        server,
        ssh_never=call.fault("ssh_never") is not None,
        ssh_delay=slow.seconds(60) if slow is not None else 0.0,
        kexec_lost=call.fault("kexec_lost") is not None,
    )


def _ipv4(call: Call) -> str:
    reused = call.fault("reused_ip")
    if reused is not None:
        others = call.emulator.world.live(call.project).values()
        used = [other.ipv4 for other in others if other.ipv4 is not None]
        return str(reused.more.get("ip", used[-1] if used else call.emulator.addresses.take()))
    return call.emulator.addresses.take()


def _ipv6(ident: int) -> str:
    network = ipaddress.IPv6Network((int(_IPV6.network_address) | (ident << 64), 64))
    return str(network)
