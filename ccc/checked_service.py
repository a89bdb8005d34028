"""What a running service says of itself; one that is not running is worth a note, since `make up` may come next."""

from __future__ import annotations

from ccc.api import Api
from ccc.errors import CliError, Unreachable
from ccc.finding import Finding, good, missing, note

OK = "ok"
LOG = "tail -n 50 var/log/gateway.log"

REMEDIES = {
    "store": LOG,
    "catalogue": f"{LOG}    (the provider does not tell its server types; is HCLOUD_TOKEN right?)",
    "builds": "ccc list --all    (then: ccc logs ID)",
    "keyring": "make up    (in a folder that this user may read and write; it makes what is missing)",
}


def service(api: Api, url: str) -> list[Finding]:
    """Return one finding a dependency of the service at `url`, or that it does not answer."""
    try:
        checks = api.ready()
    except Unreachable:
        return [note("service", f"nothing answers at {url}", "make up")]
    except CliError as error:
        return [note("service", f"{url} does not say how it is: {error.message}", "ccc context list")]
    return [good("service", url), *(_finding(name, said) for name, said in sorted(checks.items()))]


def _finding(name: str, said: str) -> Finding:
    shown = f"service: {name}"
    return good(shown, OK) if said == OK else missing(shown, said, REMEDIES.get(name, LOG))
