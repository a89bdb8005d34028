"""How AWS is asked: a client that is made once, late and with limits, and what each kind of failure becomes."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import pytest

from chalicelib.aws.client import AwsClient, Patience
from chalicelib.aws.errors import THROTTLES, Answered, AwsError, NotConfigured, NotReached, Silent
from tests.contract.codebuild_answers import LOST, Answer, answering, document, refusal
from tests.contract.codebuild_house import REGION, aws_settings

ONCE = Patience(connect=1, read=1, tries=1)


def failure(answer: Answer) -> AwsError:
    """What a service's answer becomes."""
    with answering(answer) as (_, url), aws_settings("SSM", url), pytest.raises(AwsError) as caught:
        AwsClient("ssm", ONCE, region=REGION).call("get_parameters_by_path", Path="/ccc")
    return caught.value


def test_an_answer_is_the_services_document() -> None:
    """What the service said arrives as it is."""
    with answering(document(Parameters=[])) as (server, url), aws_settings("SSM", url):
        assert AwsClient("ssm", ONCE, region=REGION).call("get_parameters_by_path", Path="/ccc")["Parameters"] == []
    assert server.operations == ["GetParametersByPath"]


@pytest.mark.parametrize(
    ("answer", "code", "throttled", "broken"),
    [
        (refusal("AccessDeniedException", "no"), "AccessDeniedException", False, False),
        *((refusal(code, "slow down"), code, True, False) for code in sorted(THROTTLES)),
        (refusal("InternalServerError", "oh", 500), "InternalServerError", False, True),
        (Answer(status=503, body=b"<html></html>"), "503", False, True),
    ],
)
def test_a_refusal_is_told_by_its_name(answer: Answer, code: str, *, throttled: bool, broken: bool) -> None:
    """AWS's name for it, whether the service was only busy, and whether it failed by itself."""
    error = failure(answer)
    assert isinstance(error, Answered)
    assert (error.code, error.throttled, error.broken) == (code, throttled, broken)
    assert str(error) == code


def test_a_lost_answer_is_silence() -> None:
    """A connection that ends without an answer may have brought the request: Silent."""
    assert isinstance(failure(LOST), Silent)


def test_a_slow_answer_is_silence() -> None:
    """So is an answer that does not come in time."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        client = AwsClient("ssm", Patience(connect=1, read=0.1, tries=1), region=REGION)
        with aws_settings("SSM", url), pytest.raises(Silent, match="ReadTimeoutError"):
            client.call("get_parameters_by_path", Path="/ccc")


def test_nobody_there_means_that_nothing_was_sent() -> None:
    """A connection that is refused is NotReached."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with aws_settings("SSM", url), pytest.raises(NotReached):
            AwsClient("ssm", ONCE, region=REGION).call("get_parameters_by_path", Path="/ccc")


def test_what_is_missing_here_is_not_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """No region, no credentials, a request that is none: nothing leaves, and each is named."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    with answering(document()) as (server, url), aws_settings("SSM", url):
        with pytest.raises(NotConfigured, match="NoRegionError"):
            AwsClient("ssm", ONCE).call("get_parameters_by_path", Path="/ccc")
        with pytest.raises(NotConfigured, match="ParamValidationError"):
            AwsClient("ssm", ONCE, region=REGION).call("get_parameters_by_path", Nonsense=1)
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(NotConfigured, match="NoCredentialsError"):
            AwsClient("ssm", ONCE, region=REGION).call("get_parameters_by_path", Path="/ccc")
    assert server.asked == []


def test_limits_reach_the_vendors_client() -> None:
    """Seconds to connect and to read, and tries in botocore's standard mode."""
    with aws_settings("SSM", "http://127.0.0.1:1"):
        config = AwsClient("ssm", Patience(connect=2, read=7, tries=4), region=REGION).vendor().meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 7)
    assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 4)


def test_one_client_is_made_for_many_threads() -> None:
    """Making one is not safe in several threads: whoever comes second gets the first one's."""
    client, made = AwsClient("ssm", ONCE, region=REGION), list[object]()
    with aws_settings("SSM", "http://127.0.0.1:1"):
        threads = [threading.Thread(target=lambda: made.append(client.vendor())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 4
    assert len({id(each) for each in made}) == 1


def test_nothing_of_botocore_is_loaded_before_a_call() -> None:
    """A cold start with adapters of AWS's services pays for botocore at the first question only."""
    said = (
        "import sys;"
        "from chalicelib.adapters import codebuild_installer, fargate_installer, lambda_nudge, ses_mailer, ssm_keyring;"
        "ssm_keyring.SsmKeyring('/ccc/x'); lambda_nudge.LambdaNudge('f'); ses_mailer.SesMailer('eu-central-1');"
        "print('botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
