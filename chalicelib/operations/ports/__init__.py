"""Everything the verbs need from outside, by role; each docstring states the failure contract.

Errors are those of `chalicelib/domain/errors/` and no others: an adapter translates at the call. A port that changes
something says whether an error means "had no effect" or "may have had its effect". One family of ports a file.
"""

from chalicelib.operations.ports.audit import Audit
from chalicelib.operations.ports.breaker import Breaker
from chalicelib.operations.ports.catalogue import Catalogue
from chalicelib.operations.ports.durations import Durations
from chalicelib.operations.ports.installer import BuildStart, BuildState, Installer
from chalicelib.operations.ports.instances import CounterChange, Instances, Page
from chalicelib.operations.ports.machine import Probe
from chalicelib.operations.ports.mail import Letter, Letters, Mailer
from chalicelib.operations.ports.runs import OrphanPage, Run, RunEntry, RunPage, Runs, RunState
from chalicelib.operations.ports.secrets import Identities, Keyring
from chalicelib.operations.ports.servers import Marker, MarkerState, ServerOrder, Servers
from chalicelib.operations.ports.stack import ShutOut, Stack, StackState
from chalicelib.operations.ports.work import Alarms, Nudge
from chalicelib.operations.ports.world import Clock, Ids

__all__ = [
    "Alarms",
    "Audit",
    "Breaker",
    "BuildStart",
    "BuildState",
    "Catalogue",
    "Clock",
    "CounterChange",
    "Durations",
    "Identities",
    "Ids",
    "Installer",
    "Instances",
    "Keyring",
    "Letter",
    "Letters",
    "Mailer",
    "Marker",
    "MarkerState",
    "Nudge",
    "OrphanPage",
    "Page",
    "Probe",
    "Run",
    "RunEntry",
    "RunPage",
    "RunState",
    "Runs",
    "ServerOrder",
    "Servers",
    "ShutOut",
    "Stack",
    "StackState",
]
