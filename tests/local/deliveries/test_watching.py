"""Alarms, access logs and log groups of the deployed program, judged by its policies."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.provider.emulation import ACCOUNT
from tests.local.deliveries.program import Program
from tests.local.deliveries.stage import REGION, arn

KEY_POLICY, TOPIC_POLICY = "aws:kms/keyPolicy:KeyPolicy", "aws:sns/topicPolicy:TopicPolicy"
CLOUDWATCH, LOGGING, LOGS = (
    "cloudwatch.amazonaws.com",
    "logging.s3.amazonaws.com",
    f"logs.{REGION}.amazonaws.com",
)
GROUP = "/aws/lambda/sg-objects-worker-local"


def topic(program: Program) -> str:
    return str(program.resource("aws:sns/topic:Topic", "foundation-alerts").properties["arn"])


@pytest.fixture
def heard(program: Program) -> Iterator[Callable[[], list[Any]]]:
    """A queue that hears the alerts topic; its own policy is not what is tested."""
    sqs, sns = program.client("sqs"), program.client("sns")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    heard = {"name": "heard", "arn": arn("sqs", "heard"), "url": url}
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    program.put("aws:sqs/queue:Queue", "heard", heard)
    policy = {"Version": "2012-10-17", "Statement": [everybody]}
    program.put("aws:sqs/queuePolicy:QueuePolicy", "heard", {"queueUrl": url, "policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic(program), Protocol="sqs", Endpoint=arn("sqs", "heard"))

    def messages() -> list[Any]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    yield messages
    sqs.delete_queue(QueueUrl=url)


def alarm(program: Program, state: str) -> str:
    """Put the first alarm of the program into a state; return its name."""
    watch = program.client("cloudwatch")
    name = str(watch.describe_alarms()["MetricAlarms"][0]["AlarmName"])
    watch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="tried")
    return name


def test_an_alarm_tells_the_topic_once_when_its_state_changes(program, heard):
    alarm(program, "OK")
    heard()
    name = alarm(program, "ALARM")
    alarm(program, "ALARM")

    (notification,) = heard()
    told = json.loads(notification["Message"])
    assert notification["Subject"].startswith(f'ALARM: "{name}"')
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == (name, "OK", "ALARM")
    assert told["AlarmArn"] == arn("cloudwatch", f"alarm:{name}")
    assert program.denials() == []


@pytest.mark.parametrize(
    ("token", "policy", "action"),
    [(TOPIC_POLICY, "foundation-alerts", "sns:Publish"), (KEY_POLICY, "foundation", "kms:GenerateDataKey")],
)
def test_an_alarm_that_topic_or_key_does_not_admit_tells_nobody(program, heard, token, policy, action):
    alarm(program, "OK")
    heard()
    program.renew()
    program.without(token, policy, "Alarms")

    alarm(program, "ALARM")

    assert heard() == []
    ((who, what, resource),) = program.denials()
    assert (who, what) == (CLOUDWATCH, action)
    assert resource == (topic(program) if token == TOPIC_POLICY else arn("kms", "key/foundation"))


def objects_in(program: Program, bucket: str) -> list[str]:
    found = program.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return [item["Key"] for item in found]


def quarantine_logs(program: Program, bucket: str) -> list[str]:
    return [name for name in objects_in(program, bucket) if name.startswith("quarantine/")]


def buckets(program: Program) -> tuple[str, str]:
    """Return the names of a logged bucket, and of the one that takes its logs."""
    names = ("objects-quarantine", "objects-logs")
    intake, logs = (program.resource("aws:s3/bucket:Bucket", name).properties["bucket"] for name in names)
    return str(intake), str(logs)


def counted(program: Program) -> list[tuple[int, int]]:
    """Wait for a delivery of access logs from the logged bucket, and return the counts."""
    source = f"arn:aws:s3:::{buckets(program)[0]}"
    for _ in range(600):
        found = [one for one in program.deliveries.counts() if one.source == source]
        if found:
            return [(one.delivered, one.refused) for one in found]
        time.sleep(0.05)
    raise AssertionError("no access logs were delivered or refused")


def lines_about(program: Program, logs: str, operation: str) -> str:
    """Wait for the access log's line about an operation."""
    for _ in range(600):
        for name in quarantine_logs(program, logs):
            body = program.client("s3").get_object(Bucket=logs, Key=name)["Body"].read().decode()
            for line in body.splitlines():
                if operation in line:
                    return str(line)
        time.sleep(0.05)
    raise AssertionError(f"no line about {operation} was delivered")


def test_requests_to_a_logged_bucket_are_delivered_in_the_documented_form(program):
    logged, logs = buckets(program)
    program.client("s3").put_object(Bucket=logged, Key="a b.csv", Body=b"1,2\n")
    with pytest.raises(ClientError):
        program.client("s3").get_object(Bucket=logged, Key="gone")

    put, get = lines_about(program, logs, "REST.PUT.OBJECT"), lines_about(program, logs, "REST.GET.OBJECT")
    names = objects_in(program, logs)
    assert [
        name for name in names if not re.fullmatch(r"(intake|quarantine)/\d{4}(-\d\d){5}-[0-9A-F]{16}", name)
    ] == []
    fields = re.findall(r'"[^"]*"|\[[^]]*\]|\S+', put)
    assert len(fields) == 27
    assert fields[1] == logged
    assert fields[6:8] == ["REST.PUT.OBJECT", "a%2520b.csv"]
    assert fields[8].startswith(f'"PUT /{logged}/a%20b.csv')
    assert fields[9:13] == ["200", "-", "-", "4"]
    assert ' REST.GET.OBJECT gone "GET ' in get
    assert " 404 NoSuchKey " in get
    assert program.denials() == []


def test_a_log_bucket_that_does_not_admit_the_source_gets_nothing(program):
    logged, logs = buckets(program)
    before = quarantine_logs(program, logs)
    program.without("aws:s3/bucketPolicy:BucketPolicy", "objects-logs", "AccessLogDelivery")

    program.client("s3").head_bucket(Bucket=logged)

    assert counted(program) == [(0, 1)]
    assert quarantine_logs(program, logs) == before
    assert {(who, what) for who, what, _ in program.denials()} == {(LOGGING, "s3:PutObject")}
    assert any(place.startswith(f"arn:aws:s3:::{logs}/quarantine/") for _, _, place in program.denials())


def test_a_log_bucket_with_a_key_of_kms_gets_nothing(program):
    logged, logs = buckets(program)
    before = quarantine_logs(program, logs)
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    program.change(token, "objects-logs", rules=[rule])

    program.client("s3").head_bucket(Bucket=logged)

    assert counted(program) == [(0, 1)]
    assert quarantine_logs(program, logs) == before
    assert "encrypted with a key of KMS" in program.deliveries.counts()[0].reason


def test_a_log_group_is_created_and_written_with_the_key_that_admits_logs(program):
    logs = program.client("logs")
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=[event()])

    assert program.denials() == []
    assert (LOGS, "kms:GenerateDataKey", arn("kms", "key/objects")) in program.judge.allowed()


def event() -> dict[str, Any]:
    return {"timestamp": int(time.time() * 1000), "message": "hello"}


def test_without_the_statement_for_logs_no_group_is_created_and_nothing_written(program):
    logs = program.client("logs")
    logs.create_log_stream(logGroupName=GROUP, logStreamName="two")
    program.without(KEY_POLICY, "objects", "Logs")
    words = (
        rf"AccessDeniedException.*not allowed to be used with Arn 'arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
    )

    with pytest.raises(ClientError, match=words + "/new"):
        logs.create_log_group(logGroupName="/new", kmsKeyId=arn("kms", "key/objects"))
    with pytest.raises(ClientError, match=words + GROUP):
        logs.put_log_events(logGroupName=GROUP, logStreamName="two", logEvents=[event()])

    assert logs.describe_log_groups(logGroupNamePrefix="/new")["logGroups"] == []
    key = arn("kms", "key/objects")
    assert program.denials() == [(LOGS, "kms:Encrypt", key), (LOGS, "kms:GenerateDataKey", key)]


def test_a_log_group_that_the_key_policy_does_not_name_is_refused(program):
    with pytest.raises(ClientError, match="AccessDeniedException"):
        program.client("logs").create_log_group(logGroupName="/other", kmsKeyId=arn("kms", "key/objects"))
