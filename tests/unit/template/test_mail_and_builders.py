"""What surrounds the functions: letters that come back, builders, and who pays attention."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lint.everything import WAYS
from lint.resolved import Stack


def only(stack: Stack, kind: str) -> dict[str, Any]:
    """The one resource of a kind."""
    ((_, properties),) = stack.resources(kind).items()
    return properties


def fargate(template: dict[str, Any]) -> Stack:
    """A stack whose builders are tasks."""
    return Stack(template=template, name="ccc-dev", parameters=WAYS[1])


def test_builds_run_the_buildspec_of_the_repository(stack: Stack) -> None:
    """The project's inline buildspec is builder/buildspec.yml, to the letter."""
    project = only(stack, "AWS::CodeBuild::Project")
    assert project["Source"] == {"Type": "NO_SOURCE", "BuildSpec": Path("builder/buildspec.yml").read_text("utf-8")}


def test_builds_are_bounded_and_alone(stack: Stack) -> None:
    """An hour at most, five minutes in the queue, no limit of their own, no cache, no artifact, no privileges."""
    project = only(stack, "AWS::CodeBuild::Project")
    assert (project["TimeoutInMinutes"], project["QueuedTimeoutInMinutes"]) == (60, 5)
    assert not {"ConcurrentBuildLimit", "AutoRetryLimit", "VpcConfig"} & set(project)
    assert (project["Cache"]["Type"], project["Artifacts"]["Type"]) == ("NO_CACHE", "NO_ARTIFACTS")
    assert project["Environment"]["PrivilegedMode"] is False


def test_a_builder_has_no_rights(template: dict[str, Any], stack: Stack) -> None:
    """The role of a build fetches its image and writes its log; a task has no role at all beyond that one."""
    role = stack.resources("AWS::IAM::Role")["BuilderRole"]
    actions = [each["Action"] for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]]
    flat = {action for each in actions for action in ([each] if isinstance(each, str) else each)}
    assert {action.partition(":")[0] for action in flat} == {"logs", "ecr"}
    tasks = fargate(template)
    assert "TaskRoleArn" not in only(tasks, "AWS::ECS::TaskDefinition")
    (policy,) = tasks.resources("AWS::IAM::Role")["BuilderRole"]["Policies"]
    assert policy["PolicyName"] == "WriteItsLog"  # a public image is fetched without any right


def test_a_task_is_what_the_job_expects(template: dict[str, Any]) -> None:
    """The container is called as the installer calls it, is the builder's user, and has time to end."""
    task = only(fargate(template), "AWS::ECS::TaskDefinition")
    (container,) = task["ContainerDefinitions"]
    assert (container["Name"], container["User"], container["StopTimeout"]) == ("builder", "builder", 30)
    assert "Environment" not in container  # the start brings it, and the image


def test_letters_that_come_back_are_heard_of(stack: Stack) -> None:
    """Bounces and complaints go by the topic to the function, and to a queue when it cannot work them in."""
    ((_, to_topic),) = stack.resources("AWS::SES::ConfigurationSetEventDestination").items()
    topic, queue = stack.reference("MailEvents"), stack.attribute("MailDeadLetters", "Arn")
    assert to_topic["ConfigurationSetName"] == stack.reference("MailSet")
    assert set(to_topic["EventDestination"]["MatchingEventTypes"]) == {"bounce", "complaint"}
    assert to_topic["EventDestination"]["SnsDestination"]["TopicARN"] == topic
    function = stack.resources("AWS::Serverless::Function")["MailFeedback"]
    heard = function["Events"]["Feedback"]["Properties"]
    assert (heard["Topic"], heard["RedrivePolicy"]) == (topic, {"deadLetterTargetArn": queue})
    assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == queue


def test_nobody_else_may_speak_on_the_topics(stack: Stack) -> None:
    """SES alone, for our configuration set, publishes feedback; SNS alone, from that topic, fills the queue."""
    (said,) = only(stack, "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert said["Principal"] == {"Service": "ses.amazonaws.com"}
    assert set(said["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}
    (put,) = only(stack, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert put["Principal"] == {"Service": "sns.amazonaws.com"}
    assert put["Condition"] == {"ArnEquals": {"aws:SourceArn": stack.reference("MailEvents")}}


def test_feedback_is_kept_no_longer_than_the_rest(stack: Stack) -> None:
    """Queue and logs end within the 30 days after which nothing personal is left."""
    assert only(stack, "AWS::SQS::Queue")["MessageRetentionPeriod"] <= 30 * 86400
    assert {each["RetentionInDays"] for each in stack.resources("AWS::Logs::LogGroup").values()} == {30}


def test_the_address_is_written_by_the_deployment(template: dict[str, Any], stack: Stack) -> None:
    """The parameter that the functions read is the API's own address with its prefix, or the one that was given."""
    parameter = only(stack, "AWS::SSM::Parameter")
    variables = stack.resources("AWS::Serverless::Function")["Tick"]["Environment"]["Variables"]
    assert variables["CCC_PUBLIC_URL"] == f"ssm://{parameter['Name']}"
    assert parameter["Value"].endswith(".execute-api.eu-central-1.amazonaws.com/api")
    assert only(fargate(template), "AWS::SSM::Parameter")["Value"] == "https://ccc.example.org"


def test_somebody_is_told(template: dict[str, Any], stack: Stack) -> None:
    """Alarms go by mail to the address that was given, and to nobody where there is none."""
    assert stack.resources("AWS::SNS::Subscription") == {}
    told = only(fargate(template), "AWS::SNS::Subscription")
    assert (told["Protocol"], told["Endpoint"]) == ("email", "operator@example.org")


def test_functions_are_called_slow_by_their_own_times(stack: Stack) -> None:
    """The alarm on slow functions counts in hundredths of the time that each of them really has."""
    config = json.loads(Path(".chalice/config.json").read_text("utf-8"))["lambda_functions"]
    (made,) = (
        each
        for each in stack.resources("AWS::CloudWatch::Alarm").values()
        if each["AlarmName"].endswith("functions.slow")
    )
    (part,) = (each["Expression"] for each in made["Metrics"] if "Expression" in each)
    for name, each in config.items():
        short = {"api_handler": "api"}.get(name, name)
        assert f"FILL({short},0)/{each['lambda_timeout'] * 10}," in part.replace("])", ",")
