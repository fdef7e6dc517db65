"""The local provider behind the real engine, with small programs."""

import json

import pytest

QUEUE_AND_TABLE = """
queue = aws.sqs.Queue("work", name="work", visibility_timeout_seconds={seconds}, tags={{"a": "b"}})
aws.dynamodb.Table(
    "t", name="tab", hash_key="id", attributes=[{{"name": "id", "type": "S"}}], billing_mode="PAY_PER_REQUEST"
)
def policy(arn):
    allow = {{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}}
    return json.dumps({{"Version": "2012-10-17", "Statement": allow}})
aws.sqs.QueuePolicy("p", queue_url=queue.url, policy=queue.arn.apply(policy))
pulumi.export("arn", queue.arn)
"""


def test_a_second_up_changes_nothing(sandbox):
    sandbox.program(QUEUE_AND_TABLE.format(seconds=60))
    assert sandbox.up().status == 0

    again = sandbox.up()

    assert again.status == 0
    assert "4 unchanged" in again.output


def test_a_changed_setting_updates_only_its_resource(sandbox):
    sandbox.program(QUEUE_AND_TABLE.format(seconds=60))
    sandbox.up()
    sandbox.program(QUEUE_AND_TABLE.format(seconds=90))

    run = sandbox.up()

    assert "~ 1 updated" in run.output
    assert "3 unchanged" in run.output
    sqs = sandbox.client("sqs")
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "90"


def test_destroy_leaves_the_cloud_empty(sandbox, resources_at):
    sandbox.program(
        """
        key = aws.kms.Key("k", enable_key_rotation=True)
        aws.kms.Alias("a", name="alias/a", target_key_id=key.key_id)
        bucket = aws.s3.Bucket("b", bucket="filled", force_destroy=True)
        aws.s3.BucketVersioning("v", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"})
        aws.sns.Topic("t", name="t")
        aws.cloudwatch.LogGroup("l", name="/l", retention_in_days=7)
        def document(**statement):
            return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
        trust = document(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
        role = aws.iam.Role("r", name="r", assume_role_policy=trust)
        policy = document(Action="sqs:SendMessage", Resource="*")
        aws.iam.RolePolicy("p", name="p", role=role.name, policy=policy)
        rule = aws.cloudwatch.EventRule("rule", name="rule", event_pattern=json.dumps({"source": ["x"]}))
        queue = aws.sqs.Queue("q", name="q")
        aws.cloudwatch.EventTarget("target", rule=rule.name, target_id="q", arn=queue.arn)
        """
    )
    assert sandbox.up().status == 0
    for _ in range(2):
        sandbox.client("s3").put_object(Bucket="filled", Key="k", Body=b"x")
    assert {"buckets", "queues", "topics", "roles", "rules", "log groups"} <= resources_at(
        sandbox.cloud.endpoint
    ).keys()

    run = sandbox.engine.run("destroy", "--yes")

    assert run.status == 0, run.output
    assert resources_at(sandbox.cloud.endpoint) == {}
    assert sandbox.deployed.all() == []


def test_a_bucket_with_objects_is_not_destroyed_without_force(sandbox):
    sandbox.program('aws.s3.Bucket("b", bucket="kept")')
    sandbox.up()
    sandbox.client("s3").put_object(Bucket="kept", Key="k", Body=b"x")

    run = sandbox.engine.run("destroy", "--yes")

    assert run.status != 0
    assert "BucketNotEmpty" in run.output
    sandbox.client("s3").delete_object(Bucket="kept", Key="k")
    assert sandbox.engine.run("destroy", "--yes").status == 0


def test_an_unknown_nested_input_is_refused_by_resource_and_property(sandbox):
    sandbox.program(
        """
        aws.dynamodb.Table("orders", name="o", hash_key="id", attributes=[{"name": "id", "typ": "S"}])
        """
    )

    run = sandbox.engine.run("preview")

    assert run.status != 0
    assert "aws:dynamodb/table:Table resource 'orders'" in run.output
    assert "attributes[0].typ" in run.output
    assert "Missing required property 'attributes[0].type'" in run.output


def test_an_input_that_the_type_does_not_have_is_refused(sandbox):
    sandbox.program(
        """
        pulumi.CustomResource("aws:sqs/queue:Queue", "q", {"name": "q", "visibilityTimeout": 5})
        """
    )

    run = sandbox.engine.run("preview")

    assert run.status != 0
    assert "visibilityTimeout" in run.output
    assert "Invalid or unknown key" in run.output


@pytest.mark.parametrize(
    ("token", "inputs", "path", "reason"),
    [
        ("aws:iam/role:Role", '{"name": "r"}', "assumeRolePolicy", "Missing required property"),
        ("aws:sqs/queue:Queue", '{"delaySeconds": [5]}', "delaySeconds", "a single value, not a list"),
        ("aws:dynamodb/table:Table", '{"attributes": "id"}', "attributes", "a list, not a single value"),
    ],
)
def test_a_missing_or_misshapen_input_is_refused_by_resource_and_property(
    sandbox, token, inputs, path, reason
):
    sandbox.program(f'pulumi.CustomResource("{token}", "mine", {inputs})')

    run = sandbox.engine.run("preview")

    assert run.status != 0
    assert f"{token} resource 'mine'" in run.output
    assert path in run.output
    assert reason in run.output


def test_a_deployment_that_may_not_use_the_emulated_account_is_refused(sandbox):
    configuration = 'config: {aws:region: eu-central-1, aws:allowedAccountIds: ["111111111111"]}\n'
    (sandbox.engine.project / "Pulumi.local.yaml").write_text(configuration)
    sandbox.program('aws.sqs.Queue("q", name="q")')

    run = sandbox.up()

    assert run.status != 0
    assert "deploys to the emulated account 123456789012 alone" in run.output
    assert sandbox.deployed.all() == []


def test_a_setting_that_is_dropped_returns_to_its_default_and_leaves_the_state(sandbox):
    redriving = """
        dead = aws.sqs.Queue("dead", name="dead")
        policy = dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
        queue = aws.sqs.Queue("q", name="q", redrive_policy=policy, tags={"a": "b"})
        """
    sandbox.program(redriving)
    assert sandbox.up().status == 0
    sandbox.program(redriving.replace('redrive_policy=policy, tags={"a": "b"}', ""))

    run = sandbox.up()

    assert "1 updated" in run.output, run.output
    sqs = sandbox.client("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    assert "RedrivePolicy" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert sqs.list_queue_tags(QueueUrl=url).get("Tags", {}) == {}
    queue = next(each for each in sandbox.deployed.all() if each.properties["name"] == "q")
    assert "redrivePolicy" not in queue.properties
    assert "3 unchanged" in sandbox.up().output


def test_an_explicit_provider_has_its_own_region_and_default_tags(sandbox):
    sandbox.program(
        """
        west = aws.Provider("west", region="us-west-2", default_tags={"tags": {"Owner": "w"}})
        here, there = aws.sqs.Queue("here", name="here"), aws.sqs.Queue(
            "there", name="there", tags={"a": "b"}, opts=pulumi.ResourceOptions(provider=west)
        )
        pulumi.export("arns", [here.arn, there.arn])
        pulumi.export("tags", there.tags_all)
        """
    )

    assert sandbox.up().status == 0

    output = sandbox.engine.require("stack", "output", "--json")
    assert "arn:aws:sqs:eu-central-1:123456789012:here" in output
    assert "arn:aws:sqs:us-west-2:123456789012:there" in output
    tags = sandbox.client("sqs", "us-west-2").list_queue_tags(
        QueueUrl=sandbox.client("sqs", "us-west-2").get_queue_url(QueueName="there")["QueueUrl"]
    )["Tags"]
    assert tags == {"a": "b", "Owner": "w"}
    assert "4 unchanged" in sandbox.up().output


def test_a_new_name_replaces_the_resource(sandbox):
    sandbox.program('aws.sqs.Queue("q", name="old")')
    sandbox.up()
    sandbox.program('aws.sqs.Queue("q", name="new")')

    run = sandbox.up()

    assert "1 replaced" in run.output
    urls = sandbox.client("sqs").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[1] for url in urls] == ["new"]


def test_names_that_are_not_given_are_made_up_once(sandbox):
    sandbox.program('pulumi.export("name", aws.sqs.Queue("q").name)')
    sandbox.up()
    first = sandbox.engine.require("stack", "output", "name")

    assert "2 unchanged" in sandbox.up().output
    assert first.startswith("q-")


def test_computed_outputs_are_unknown_in_a_first_preview_and_names_are_known(sandbox):
    sandbox.program(
        """
        queue = aws.sqs.Queue("q", name="q")
        pulumi.export("arn", queue.arn)
        pulumi.export("name", queue.name)
        """
    )

    output = sandbox.engine.run("preview").output

    assert "arn : [unknown]" in output.replace("arn:", "arn :")
    assert 'name: "q"' in output.replace("name :", "name:")


def test_an_error_of_aws_reaches_the_user(sandbox):
    sandbox.program(
        """
        allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
        aws.iam.RolePolicy("p", name="p", role="nobody", policy={"Version": "2012-10-17", "Statement": allow})
        """
    )

    run = sandbox.up()

    assert run.status != 0
    assert "NoSuchEntity" in run.output


def test_secrets_stay_secret_in_the_state_and_in_what_the_engine_shows(sandbox):
    sandbox.program(
        """
        hush = pulumi.Output.secret("hush-hush")
        hiding = aws.Provider("hiding", region="us-west-2", default_tags={"tags": {"d": hush}})
        opts = pulumi.ResourceOptions(provider=hiding)
        topic = aws.sns.Topic("t", name="t", display_name=hush, tags={"a": hush, "open": "yes"}, opts=opts)
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        trust["Principal"] = {"Service": "lambda.amazonaws.com"}
        trust = {"Version": "2012-10-17", "Statement": [trust]}
        role = aws.iam.Role("r", name="r", assume_role_policy=trust, tags={"a": hush})
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": hush}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        aws.sqs.QueuePolicy("p", queue_url="u", policy=document)
        function = aws.lambda_.Function(
            "f", name="f", role=role.arn, runtime="python3.13", handler="app.handler",
            code=pulumi.AssetArchive({"app.py": pulumi.StringAsset("def handler(event, context): ...")}),
            environment={"variables": {"PASSWORD": hush, "OPEN": "yes"}},
        )
        pulumi.export("tags", topic.tags_all)
        pulumi.export("variables", function.environment.variables)
        """
    )

    run = sandbox.up()

    assert run.status == 0, run.output
    state = sandbox.engine.require("stack", "export")
    assert "hush-hush" not in state + run.output
    assert '"OPEN": "yes"' in state
    shown = json.loads(sandbox.engine.require("stack", "output", "--json", "--show-secrets"))
    assert shown["tags"] == {"a": "hush-hush", "open": "yes", "d": "hush-hush"}
    assert shown["variables"]["PASSWORD"] == "hush-hush"
    assert "6 unchanged" in sandbox.up().output


def test_an_error_of_aws_shows_no_secret(sandbox):
    sandbox.program(
        """
        role = pulumi.Output.secret("hush-hush")
        allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
        aws.iam.RolePolicy("p", name="p", role=role, policy={"Version": "2012-10-17", "Statement": allow})
        """
    )

    run = sandbox.up()

    assert run.status != 0
    assert "[secret]" in run.output
    assert "hush-hush" not in run.output


def test_what_is_refused_of_a_secret_input_does_not_show_it(sandbox):
    sandbox.program(
        """
        hidden = pulumi.Output.secret("hush hush")
        aws.sqs.Queue("q", name=hidden)
        document = {"Version": "2012-10-17", "Statement": [{"Sid": hidden}]}
        aws.sqs.QueuePolicy("p", queue_url="u", policy=document)
        """
    )

    run = sandbox.up()

    assert run.status != 0
    assert "InvalidParameterValue" in run.output
    assert "hush hush" not in run.output
