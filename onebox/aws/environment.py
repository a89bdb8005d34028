"""The environment of a function on this machine: the template's, and what only differs because this is not AWS.

Endpoints, credentials that open nothing, the shared clock, the provider's address and ssh port; and the product's own
variables that the person has set in their shell.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from onebox.aws.functions import Function
from onebox.aws.template import REGION
from onebox.settings import BoxSettings

_NOT_THE_PRODUCTS = frozenset(
    {
        *("CCC_HOME", "CCC_PORT", "CCC_EMULATOR_PORT", "CCC_EMULATOR_LATENCY", "CCC_EMULATOR_SSH", "CCC_TRUSTED_PROXY"),
        *("CCC_URL", "CCC_TOKEN", "CCC_STORE_PATHS", "CCC_KEXEC", "CCC_KEXEC_SHA256", "CCC_CLOCK", "CCC_SSH_PORT"),
        "CCC_HETZNER_ENDPOINT",
    }
)

FOR_A_TRIAL = {"CCC_SIGNUP": "open"}
"""What a rehearsal decides otherwise than its stage, unless the person says so: who types it wants to be a guest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the stand-ins listen on 127.0.0.1; `services` is SES, SSM and Lambda."""

    dynamodb: int
    services: int
    codebuild: int

    @property
    def endpoints(self) -> dict[str, str]:
        """What leads botocore to them."""
        ports = {
            "DYNAMODB": self.dynamodb,
            "CODEBUILD": self.codebuild,
            "SESV2": self.services,
            "SSM": self.services,
            "LAMBDA": self.services,
        }
        return {f"AWS_ENDPOINT_URL_{name}": f"http://127.0.0.1:{port}" for name, port in ports.items()}


def aws_environment(ports: Ports, access_key: str) -> dict[str, str]:
    """What botocore reads: nothing of the person's own account. The stand-ins listen to this access key alone."""
    return {
        **ports.endpoints,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": "onebox",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def shell_lines(ports: Ports, access_key: str) -> str:
    """What a shell reads to be an operator's at this machine's AWS: no service that nobody stands in for is reached."""
    variables = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports.services}", **aws_environment(ports, access_key)}
    others = "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_DEFAULT_PROFILE\n"
    return others + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def product_variables(function: Function, settings: BoxSettings, home_clock: str, ssh_port: int) -> dict[str, str]:
    """The product's settings for a function: what config reads."""
    own = {
        name: value
        for name, value in settings.variables.items()
        if name.startswith("CCC_") and value and name not in _NOT_THE_PRODUCTS
    }
    return {
        **function.environment,
        **FOR_A_TRIAL,
        "CCC_CLOCK": home_clock,
        "CCC_HETZNER_ENDPOINT": settings.endpoint,
        "CCC_SSH_PORT": str(ssh_port),
        **own,
    }


def clock_url(clock: Path | None) -> str:
    """The setting for a clock's file; real time without one."""
    return "system:" if clock is None else f"file://{quote(str(clock))}"


def lambda_variables(function: Function, root: Path) -> dict[str, str]:
    """What Lambda itself sets ("Using Lambda environment variables" in AWS's developer guide), as far as it is read."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(root),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "onebox",
        "_HANDLER": function.handler,
    }
