"""What a function's environment is made of: the template's, what is only true here, and the person's own settings."""

from __future__ import annotations

import subprocess
from pathlib import Path

from onebox.aws.environment import Ports, aws_environment, clock_url, lambda_variables, product_variables, shell_lines
from onebox.settings import box_settings
from tests.unit.onebox.aws.house import function

PORTS = Ports(dynamodb=1, services=2, codebuild=3)


def test_the_persons_settings_win_and_the_boxs_stay_outside() -> None:
    """A CCC_ variable of the shell replaces the template's; what is the box's own, or a token, is not passed on."""
    given = {"CCC_SIGNUP": "open", "CCC_HOME": "/var/x", "CCC_TOKEN": "t", "CCC_MAX_LIVE": "", "PATH": "/bin"}
    it = function(environment={"CCC_SIGNUP": "closed", "CCC_MAX_LIVE": "5", "CCC_CLOCK": "system:"})
    found = product_variables(it, box_settings(given), "file:///clock", 2222)
    assert found == {
        "CCC_SIGNUP": "open",
        "CCC_MAX_LIVE": "5",
        "CCC_CLOCK": "file:///clock",
        "CCC_SSH_PORT": "2222",
        "CCC_HETZNER_ENDPOINT": "http://127.0.0.1:8001/v1",
    }


def test_a_rehearsal_is_open_to_guests_unless_somebody_says_otherwise() -> None:
    """The stage's closed signup is opened for whoever tries it; a word in the shell wins over both."""
    it = function(environment={"CCC_SIGNUP": "closed"})
    assert product_variables(it, box_settings({}), "system:", 22)["CCC_SIGNUP"] == "open"
    assert product_variables(it, box_settings({"CCC_SIGNUP": "closed"}), "system:", 22)["CCC_SIGNUP"] == "closed"


def test_a_shell_becomes_the_operators() -> None:
    """The lines give a shell the key and an endpoint for every service, those that nobody stands in for among them."""
    done = subprocess.run(
        ["/bin/sh", "-c", shell_lines(PORTS, "this-life") + "env"],
        env={"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert found.items() >= {**aws_environment(PORTS, "this-life"), "AWS_ENDPOINT_URL": "http://127.0.0.1:2"}.items()
    assert "AWS_PROFILE" not in found
    assert "AWS_SESSION_TOKEN" not in found


def test_nothing_leads_to_a_real_account() -> None:
    """Every service that is called has an endpoint on this machine, and no file or metadata of AWS is read."""
    found = aws_environment(PORTS, "this-life")
    endpoints = {name: url for name, url in found.items() if name.startswith("AWS_ENDPOINT_URL_")}
    assert endpoints == {
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_SESV2": "http://127.0.0.1:2",
        "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:2",
        "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:2",
        "AWS_ENDPOINT_URL_CODEBUILD": "http://127.0.0.1:3",
    }
    assert found["AWS_ACCESS_KEY_ID"] == "this-life"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert {found["AWS_CONFIG_FILE"], found["AWS_SHARED_CREDENTIALS_FILE"]} == {"/dev/null"}


def test_lambda_names_the_function_and_its_code() -> None:
    """The variables by which code knows that it is in Lambda."""
    found = lambda_variables(function(), Path("/artefact"))
    assert (found["AWS_LAMBDA_FUNCTION_NAME"], found["_HANDLER"]) == ("ccc-dev-work", "app.work")
    assert (found["AWS_LAMBDA_FUNCTION_VERSION"], found["LAMBDA_TASK_ROOT"]) == ("$LATEST", "/artefact")


def test_a_clock_with_a_blank_in_its_path() -> None:
    """The file's path is quoted in the setting; without a file time is real."""
    assert clock_url(Path("/a box/clock")) == "file:///a%20box/clock"
    assert clock_url(None) == "system:"
