"""Queues, topics, event delivery, functions and their feeds, one by one."""

import json

import pulumi
import pytest

from infra.blocks.function import FunctionArgs
from infra.blocks.key import Key, KeyArgs, KeyPolicy, KeyPolicyArgs
from infra.blocks.layer import Layer, LayerArgs
from infra.blocks.queue import DeadLetterQueue, DeadLetterQueueArgs
from infra.blocks.queue_worker import QueueWorker, QueueWorkerArgs
from infra.blocks.role import Role, RoleArgs
from infra.blocks.topic import Topic, TopicArgs
from infra.naming import Scope
from infra.permissions import allow
from tests.mocks import Deployment, deploy

KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/key"
HERE = "eu-central-1:123456789012"
RULE = f"arn:aws:events:{HERE}:rule/sg-shop-sold-dev"


@pytest.fixture
def made(scope: Scope) -> Deployment:
    """A queue worker with its surroundings."""

    def program() -> None:
        key = Key("key", KeyArgs(scope=scope, description="Encrypts the shop"))
        key_policy = KeyPolicy("key", KeyPolicyArgs(scope=scope, key=key, account_services=["lambda"]))
        rule = pulumi.Output.from_input("sg-shop-sold-dev")
        undelivered = DeadLetterQueueArgs(
            scope=scope, purpose="undelivered", key_arn=key.arn, rules=[rule.apply(scope.rule_arn)]
        )
        code = pulumi.AssetArchive({"shop/handler.py": pulumi.StringAsset("")})
        layer = Layer("layer", LayerArgs(scope=scope, archive=code, architecture="arm64"))
        function = FunctionArgs(
            scope=scope,
            purpose="seller",
            description="Sells",
            handler="shop.handler.handler",
            code=code,
            layer_arn=layer.arn,
            architecture="arm64",
            memory_mb=512,
            timeout_seconds=60,
            reserved_concurrency=7,
            environment={"TABLE": "sales"},
            log_level="WARNING",
            log_retention_days=30,
            key_arn=key.arn,
            key_policy=key_policy,
            role=Role(
                "seller",
                RoleArgs(scope=scope, purpose="seller", description="Sells", service="lambda.amazonaws.com"),
            ),
            permissions=[allow("dynamodb:PutItem", on=scope.table_arn("sales"), sid="Record")],
        )
        args = QueueWorkerArgs(
            queue_purpose="sales",
            rule_name=rule,
            undelivered=DeadLetterQueue("undelivered", undelivered),
            function=function,
            batch_size=10,
            batch_window_seconds=5,
            maximum_concurrency=7,
        )
        QueueWorker("seller", args)

    return deploy(program)


QUEUES = {"seller-queue": "sales", "seller-queue-dlq": "sales-dlq", "undelivered": "undelivered"}


@pytest.mark.finding("OP-1.7")
@pytest.mark.parametrize(("name", "purpose"), QUEUES.items())
def test_every_queue_has_a_fixed_name_and_the_systems_key(name: str, purpose: str, made: Deployment) -> None:
    queue = made.one("aws:sqs/queue:Queue", name)

    assert queue.inputs["name"] == f"sg-shop-{purpose}-dev"
    assert queue.inputs["kmsMasterKeyId"] == KEY_ARN
    assert queue.delete_before_replace


@pytest.mark.parametrize("name", QUEUES)
def test_every_queue_refuses_requests_without_tls(name: str, made: Deployment) -> None:
    assert made.document("aws:sqs/queuePolicy:QueuePolicy", name)["TlsOnly"] == {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": f"arn:aws:sqs:{HERE}:sg-shop-{QUEUES[name]}-dev",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.finding("IP-3.2")
@pytest.mark.parametrize("name", ["seller-queue", "undelivered"])
def test_a_queue_admits_its_rule_alone(name: str, made: Deployment) -> None:
    assert made.document("aws:sqs/queuePolicy:QueuePolicy", name)["EventRules"] == {
        "Sid": "EventRules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:{HERE}:sg-shop-{QUEUES[name]}-dev",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnEquals": {"aws:SourceArn": [RULE]},
        },
    }


def test_a_dead_letter_queue_admits_no_sender(made: Deployment) -> None:
    assert set(made.document("aws:sqs/queuePolicy:QueuePolicy", "seller-queue-dlq")) == {"TlsOnly"}


@pytest.mark.finding("SP-5", "OP-4.4")
def test_messages_reach_the_dead_letter_queue_after_five_attempts(made: Deployment) -> None:
    queue = made.inputs("aws:sqs/queue:Queue", "seller-queue")

    assert json.loads(queue["redrivePolicy"]) == {
        "deadLetterTargetArn": f"arn:aws:sqs:{HERE}:sg-shop-sales-dlq-dev",
        "maxReceiveCount": 5,
    }


def test_a_dead_letter_queue_serves_its_queue_alone(made: Deployment) -> None:
    allowed = made.inputs("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "seller-queue")

    assert json.loads(allowed["redriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [f"arn:aws:sqs:{HERE}:sg-shop-sales-dev"],
    }


@pytest.mark.parametrize("name", ["seller-queue-dlq", "undelivered"])
def test_what_failed_is_kept_for_fourteen_days(name: str, made: Deployment) -> None:
    assert made.inputs("aws:sqs/queue:Queue", name)["messageRetentionSeconds"] == 14 * 24 * 60 * 60


@pytest.mark.finding("SP-11")
def test_a_message_stays_hidden_for_six_timeouts_and_the_batch_window(made: Deployment) -> None:
    assert made.inputs("aws:sqs/queue:Queue", "seller-queue")["visibilityTimeoutSeconds"] == 6 * 60 + 5


@pytest.mark.finding("SP-5", "IP-3.1")
def test_events_are_delivered_with_retries_and_kept_when_that_fails(made: Deployment) -> None:
    target = made.inputs("aws:cloudwatch/eventTarget:EventTarget", "seller")

    assert target["rule"] == "sg-shop-sold-dev"
    assert target["arn"] == f"arn:aws:sqs:{HERE}:sg-shop-sales-dev"
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 185}
    assert target["deadLetterConfig"] == {"arn": f"arn:aws:sqs:{HERE}:sg-shop-undelivered-dev"}


@pytest.mark.finding("OP-8.2", "IP-3.2")
@pytest.mark.parametrize("queue", ["seller-queue", "undelivered"])
def test_delivery_starts_once_both_queues_admit_it(queue: str, made: Deployment) -> None:
    target = made.one("aws:cloudwatch/eventTarget:EventTarget", "seller")

    assert made.one("aws:sqs/queuePolicy:QueuePolicy", queue).urn in target.dependencies


@pytest.mark.finding("SP-1", "SP-7", "SP-12", "OP-2.3")
def test_a_function_has_explicit_sizes_runtime_and_versions(made: Deployment) -> None:
    function = made.inputs("aws:lambda/function:Function", "seller")

    expected = {
        "name": "sg-shop-seller-dev",
        "description": "Sells",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "shop.handler.handler",
        "memorySize": 512,
        "timeout": 60,
        "reservedConcurrentExecutions": 7,
        "publish": True,
        "kmsKeyArn": KEY_ARN,
        "environment": {"variables": {"TABLE": "sales"}},
        "tracingConfig": {"mode": "Active"},
        "role": "arn:aws:iam::123456789012:role/sg-shop-seller-dev",
    }
    assert {key: function[key] for key in expected} == expected


def test_metrics_pass_lambdas_filter_even_if_only_warnings_are_logged(made: Deployment) -> None:
    function = made.inputs("aws:lambda/function:Function", "seller")

    assert function["loggingConfig"]["applicationLogLevel"] == "INFO"


@pytest.mark.finding("CC-OPS-1", "OP-1.2", "OP-5.2")
def test_a_function_logs_json_to_its_own_encrypted_group_of_limited_retention(made: Deployment) -> None:
    group = made.inputs("aws:cloudwatch/logGroup:LogGroup", "seller")
    function = made.inputs("aws:lambda/function:Function", "seller")

    assert (group["name"], group["retentionInDays"]) == ("/aws/lambda/sg-shop-seller-dev", 30)
    assert group["kmsKeyId"] == KEY_ARN
    assert function["loggingConfig"] == {
        "logFormat": "JSON",
        "logGroup": "/aws/lambda/sg-shop-seller-dev",
        "applicationLogLevel": "INFO",
        "systemLogLevel": "INFO",
    }


@pytest.mark.finding("OP-8.2")
def test_a_log_group_comes_after_the_policy_that_lets_logs_use_its_key(made: Deployment) -> None:
    group = made.one("aws:cloudwatch/logGroup:LogGroup", "seller")

    assert made.one("aws:kms/keyPolicy:KeyPolicy", "key").urn in group.dependencies


@pytest.mark.finding("OP-8.2")
def test_a_function_comes_after_its_permissions(made: Deployment) -> None:
    function = made.one("aws:lambda/function:Function", "seller")

    assert made.one("aws:iam/rolePolicy:RolePolicy", "seller").urn in function.dependencies


@pytest.mark.finding("SP-3")
def test_a_functions_role_allows_its_work_its_queue_its_logs_and_traces(made: Deployment) -> None:
    policy = made.document("aws:iam/rolePolicy:RolePolicy", "seller")

    assert {sid: (statement["Action"], statement["Resource"]) for sid, statement in policy.items()} == {
        "ReceiveMessages": (
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            f"arn:aws:sqs:{HERE}:sg-shop-sales-dev",
        ),
        "Record": ("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:table/sales"),
        "OwnLogs": (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"arn:aws:logs:{HERE}:log-group:/aws/lambda/sg-shop-seller-dev:*",
        ),
        "Traces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
    }


@pytest.mark.finding("CC-OPS-4")
def test_callers_use_the_alias_of_the_newest_version(made: Deployment) -> None:
    alias = made.inputs("aws:lambda/alias:Alias", "seller")

    assert (alias["name"], alias["functionVersion"]) == ("live", "1")


def test_a_queue_feeds_the_alias_and_retries_single_messages(made: Deployment) -> None:
    feed = made.inputs("aws:lambda/eventSourceMapping:EventSourceMapping", "seller")

    assert {key: value for key, value in feed.items() if key != "tags"} == {
        "eventSourceArn": f"arn:aws:sqs:{HERE}:sg-shop-sales-dev",
        "functionName": f"arn:aws:lambda:{HERE}:function:sg-shop-seller-dev:live",
        "batchSize": 10,
        "maximumBatchingWindowInSeconds": 5,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "scalingConfig": {"maximumConcurrency": 7},
    }


@pytest.mark.finding("OP-8.2")
def test_a_feed_comes_after_the_permission_to_receive(made: Deployment) -> None:
    feed = made.one("aws:lambda/eventSourceMapping:EventSourceMapping", "seller")

    assert made.one("aws:iam/rolePolicy:RolePolicy", "seller").urn in feed.dependencies


def test_a_layer_says_what_it_was_built_for_and_is_made_before_the_old_one_goes(made: Deployment) -> None:
    layer = made.one("aws:lambda/layerVersion:LayerVersion", "layer")

    assert layer.inputs["compatibleRuntimes"] == ["python3.13"]
    assert layer.inputs["compatibleArchitectures"] == ["arm64"]
    assert not layer.delete_before_replace


@pytest.fixture
def topic(scope: Scope) -> Deployment:
    """A topic."""
    args = TopicArgs(scope=scope, purpose="alerts", key_arn=KEY_ARN, email="alerts@example.com")
    return deploy(lambda: Topic("alerts", args))


@pytest.mark.finding("OP-2.5")
def test_a_topic_is_encrypted_and_tells_the_subscriber(topic: Deployment) -> None:
    inputs = topic.inputs("aws:sns/topic:Topic", "alerts")
    subscription = topic.inputs("aws:sns/topicSubscription:TopicSubscription", "alerts")

    assert (inputs["name"], inputs["kmsMasterKeyId"]) == ("sg-shop-alerts-dev", KEY_ARN)
    assert subscription == {
        "topic": f"arn:aws:sns:{HERE}:sg-shop-alerts-dev",
        "protocol": "email",
        "endpoint": "alerts@example.com",
    }


def test_a_topic_admits_alarms_of_its_account_over_tls_only(topic: Deployment) -> None:
    arn = f"arn:aws:sns:{HERE}:sg-shop-alerts-dev"

    assert topic.document("aws:sns/topicPolicy:TopicPolicy", "alerts") == {
        "TlsOnly": {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        "Alarms": {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{HERE}:alarm:*"},
            },
        },
    }
