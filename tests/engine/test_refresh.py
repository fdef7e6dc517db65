"""Drift, imports and look-ups through the real engine: what stands in moto counts, not the state."""

import json

PROGRAM = """
tags = {"a": "1"}
aws.sqs.Queue("q", name="q", visibility_timeout_seconds=60, tags=tags)
topic = aws.sns.Topic("t", name="t", kms_master_key_id="alias/ours", display_name="It")
bucket = aws.s3.Bucket("b", bucket="kept")
aws.s3.BucketVersioning("v", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"})
blocked = dict.fromkeys(
    ["block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets"], True
)
aws.s3.BucketPublicAccessBlock("pab", bucket=bucket.bucket, **blocked)
aws.cloudwatch.LogGroup("l", name="/l", retention_in_days=14)
lambdas = {"Service": "lambda.amazonaws.com"}
assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": lambdas}
trust = {"Version": "2012-10-17", "Statement": [assume]}
role = aws.iam.Role("r", name="r", assume_role_policy=trust)
aws.lambda_.Function(
    "f", name="f", role=role.arn, runtime="python3.13", handler="app.handler", timeout=60,
    code=pulumi.AssetArchive({"app.py": pulumi.StringAsset("def handler(event, context): ...")}),
    environment={"variables": {"STAGE": "prod", "PASSWORD": pulumi.Output.secret("hush-hush")}},
)
aws.dynamodb.Table(
    "table", name="table", hash_key="id", attributes=[{"name": "id", "type": "S"}],
    billing_mode="PAY_PER_REQUEST", point_in_time_recovery={"enabled": True},
    ttl={"attribute_name": "expires", "enabled": True},
)
aws.cloudwatch.EventRule("rule", name="rule", event_pattern=json.dumps({"source": ["x"]}))
aws.cloudwatch.MetricAlarm(
    "alarm", name="alarm", comparison_operator="GreaterThanThreshold", evaluation_periods=1, threshold=1,
    namespace="n", metric_name="m", period=60, statistic="Sum",
)
"""
CHANGED = ("q", "t", "v", "l", "f", "table", "rule", "alarm")


def change_by_hand(client) -> None:
    """Undo by hand what the program asks for, on each kind of resource; delete the public access block."""
    sqs, watch, dynamodb = client("sqs"), client("cloudwatch"), client("dynamodb")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    sqs.tag_queue(QueueUrl=url, Tags={"a": "2"})
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/theirs"
    )
    client("s3").put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Suspended"})
    client("s3").delete_public_access_block(Bucket="kept")
    client("logs").put_retention_policy(logGroupName="/l", retentionInDays=1)
    variables = {"Variables": {"STAGE": "test", "PASSWORD": "hush-hush"}}
    client("lambda").update_function_configuration(FunctionName="f", Timeout=1, Environment=variables)
    recovery = {"PointInTimeRecoveryEnabled": False}
    dynamodb.update_continuous_backups(TableName="table", PointInTimeRecoverySpecification=recovery)
    ttl = {"Enabled": False, "AttributeName": "expires"}
    dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification=ttl)
    client("events").disable_rule(Name="rule")
    watch.put_metric_alarm(
        AlarmName="alarm", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=99,
        Namespace="n", MetricName="m", Period=60, Statistic="Sum",
    )  # fmt: skip


def test_refresh_finds_what_was_changed_by_hand_and_up_mends_it(sandbox):
    sandbox.program(PROGRAM)
    assert sandbox.up().status == 0
    unchanged = sandbox.engine.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert unchanged.status == 0, unchanged.output

    change_by_hand(sandbox.client)
    drifted = sandbox.engine.run("refresh", "--yes", "--skip-preview", "--diff")

    assert drifted.status == 0, drifted.output
    assert f"~ {len(CHANGED)} updated" in drifted.output
    assert "- 1 deleted" in drifted.output
    for found in ("visibilityTimeoutSeconds: 60 => 1", "retentionInDays: 14 => 1", '"prod" => "test"'):
        assert found in drifted.output
    assert "hush-hush" not in drifted.output
    mended = sandbox.up()
    assert f"~ {len(CHANGED)} updated" in mended.output
    assert "+ 1 created" in mended.output
    again = sandbox.engine.run("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")
    assert again.status == 0, again.output
    settings = sandbox.client("lambda").get_function_configuration(FunctionName="f")
    assert (settings["Timeout"], settings["Environment"]["Variables"]["STAGE"]) == (60, "prod")
    assert sandbox.client("s3").get_bucket_versioning(Bucket="kept")["Status"] == "Enabled"
    assert sandbox.client("s3").get_public_access_block(Bucket="kept")


def test_what_was_made_by_hand_is_looked_up_and_imported(sandbox):
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="by-hand", Attributes={"VisibilityTimeout": "77"}, tags={"a": "b"})[
        "QueueUrl"
    ]
    sandbox.client("sns").create_topic(Name="theirs")
    sandbox.program(
        f"""
        topic = aws.sns.Topic.get("theirs", "arn:aws:sns:eu-central-1:123456789012:theirs")
        queue = aws.sqs.Queue(
            "mine", name="by-hand", visibility_timeout_seconds=77, tags={{"a": "b"}},
            opts=pulumi.ResourceOptions(import_="{url}"),
        )
        pulumi.export("name", topic.name)
        pulumi.export("arn", queue.arn)
        """
    )

    run = sandbox.up()

    assert run.status == 0, run.output
    assert "= 1 imported" in run.output
    assert json.loads(sandbox.engine.require("stack", "output", "--json")) == {
        "name": "theirs",
        "arn": "arn:aws:sqs:eu-central-1:123456789012:by-hand",
    }
    assert "unchanged" in sandbox.up().output


def test_the_command_import_writes_the_code_of_a_resource(sandbox):
    sandbox.program("")
    sandbox.client("logs").create_log_group(logGroupName="/by-hand")
    sandbox.client("logs").put_retention_policy(logGroupName="/by-hand", retentionInDays=7)

    run = sandbox.engine.run(
        "import",
        "aws:cloudwatch/logGroup:LogGroup",
        "mine",
        "/by-hand",
        "--yes",
        "--protect=false",
        "--generate-code=false",
    )

    assert run.status == 0, run.output
    assert "1 imported" in run.output
    state = json.loads(sandbox.engine.require("stack", "export"))
    group = state["deployment"]["resources"][-1]
    assert group["inputs"]["retentionInDays"] == 7


def test_an_id_that_nothing_has_is_refused_with_what_an_id_is(sandbox):
    sandbox.program('aws.sqs.Queue.get("q", "by-hand")')

    run = sandbox.up()

    assert run.status != 0
    assert "there is no aws:sqs/queue:Queue with id 'by-hand' on the local stack" in run.output
    assert "the id of such a resource is its URL" in run.output
