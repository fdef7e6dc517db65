"""How a program is written makes no difference to the pack: one system, flat and in every indirection."""

import re
import textwrap
from pathlib import Path

from local.engine.engine import Run
from local.stack import preview_engine

HEADER = """
import json
import pulumi
import pulumi_aws as aws

TAGS = {
    "Project": "shop", "System": "shop", "Environment": "dev", "Owner": "platform", "CostCenter": "1",
    "DataClassification": "internal",
}
ACCOUNT = "111111111111"
NAMES = ("media", "thumbs")


def denial(name):
    arn = f"arn:aws:s3:::{name}"
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def allowed(action, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]})


TRUST = allowed("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
CODE = pulumi.AssetArchive({"app.py": pulumi.StringAsset("def handler(event, context): return event")})


def redrive(arn):
    return pulumi.Output.json_dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})


def errors_of(function):
    return {
        "namespace": "AWS/Lambda", "metric_name": "Errors", "dimensions": {"FunctionName": function},
        "comparison_operator": "GreaterThanThreshold", "threshold": 0, "evaluation_periods": 1,
        "period": 300, "statistic": "Sum",
    }
"""
FLAT = """
east = aws.Provider("east", region="us-east-1")
there = pulumi.ResourceOptions(provider=east)

media = aws.s3.Bucket("media", bucket=f"shop-media-dev-{ACCOUNT}", tags=TAGS)
aws.s3.BucketPolicy("media-policy", bucket=f"shop-media-dev-{ACCOUNT}",
    policy=json.dumps(denial(f"shop-media-dev-{ACCOUNT}")))
aws.s3.BucketVersioning("media-versions", bucket=f"shop-media-dev-{ACCOUNT}",
    versioning_configuration={"status": "Enabled"})
thumbs = aws.s3.Bucket("thumbs", bucket=f"shop-thumbs-dev-{ACCOUNT}", tags=TAGS)
aws.s3.BucketPolicy("thumbs-policy", bucket=f"shop-thumbs-dev-{ACCOUNT}",
    policy=json.dumps(denial(f"shop-thumbs-dev-{ACCOUNT}")))
aws.s3.BucketVersioning("thumbs-versions", bucket=f"shop-thumbs-dev-{ACCOUNT}",
    versioning_configuration={"status": "Enabled"})
aws.dynamodb.Table("west-table", name="shop-records-dev", hash_key="id",
    attributes=[{"name": "id", "type": "S"}], read_capacity=1, write_capacity=1, tags=TAGS)
aws.dynamodb.Table("east-table", name="shop-records-dev", hash_key="id",
    attributes=[{"name": "id", "type": "S"}], read_capacity=1, write_capacity=1, tags=TAGS, opts=there)
aws.dynamodb.ContributorInsights("west-insights", table_name="shop-records-dev")
aws.sns.Topic("news", name="shop-news-dev", tags=TAGS)
aws.sqs.Queue("untagged", name="shop-untagged-dev")

media_role = aws.iam.Role("media-role", name="shop-media-dev", assume_role_policy=TRUST, tags=TAGS)
aws.iam.RolePolicy("media-rights", role="shop-media-dev", policy=allowed("s3:*", Resource="*"))
media_function = aws.lambda_.Function("media-function", name="shop-media-dev", role=media_role.arn, code=CODE,
    runtime="python3.13", handler="app.handler", tags=TAGS)
aws.cloudwatch.MetricAlarm("media-errors", name="shop-media-dev", alarm_actions=[], tags=TAGS,
    **errors_of("shop-media-dev"))
thumbs_role = aws.iam.Role("thumbs-role", name="shop-thumbs-dev", assume_role_policy=TRUST, tags=TAGS)
aws.iam.RolePolicy("thumbs-rights", role="shop-thumbs-dev", policy=allowed("s3:*", Resource="*"))
thumbs_function = aws.lambda_.Function("thumbs-function", name="shop-thumbs-dev", role=thumbs_role.arn,
    code=CODE, runtime="python3.13", handler="app.handler", tags=TAGS)
aws.cloudwatch.MetricAlarm("thumbs-errors", name="shop-thumbs-dev", alarm_actions=[], tags=TAGS,
    **errors_of("shop-thumbs-dev"))
dead = aws.sqs.Queue("dead", name="shop-dead-dev", tags=TAGS)
work = aws.sqs.Queue("work", name="shop-work-dev", redrive_policy=redrive(dead.arn), tags=TAGS)
aws.lambda_.EventSourceMapping("feed", event_source_arn=work.arn, function_name="shop-media-dev", tags=TAGS)
"""
NESTED = """
class Level(pulumi.ComponentResource):
    def __init__(self, depth, build, opts=None):
        super().__init__(f"shop:parts:Level{depth}", f"level-{depth}", {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        Level(depth - 1, build, inside) if depth else build(inside)


def tag(args):
    if args.type_ in ("aws:s3/bucket:Bucket", "aws:sns/topic:Topic"):
        return pulumi.ResourceTransformationResult({**args.props, "tags": TAGS}, args.opts)


pulumi.runtime.register_stack_transformation(tag)
east = aws.Provider("east", region="us-east-1", default_tags={"tags": TAGS})
west = aws.Provider("west", region="eu-central-1", default_tags={"tags": TAGS})


def buckets(inside):
    for name in NAMES:
        bucket = aws.s3.Bucket(name, bucket=f"shop-{name}-dev-{ACCOUNT}", opts=inside)
        aws.s3.BucketPolicy(f"{name}-policy", bucket=bucket.id,
            policy=bucket.bucket.apply(lambda physical: json.dumps(denial(physical))), opts=inside)
        aws.s3.BucketVersioning(f"{name}-versions", bucket=bucket.bucket,
            versioning_configuration=pulumi.Output.from_input({"status": "Enabled"}), opts=inside)


def tables(inside):
    for place, provider in {"west": west, "east": east}.items():
        options = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(provider=provider))
        table = aws.dynamodb.Table(f"{place}-table", name="shop-records-dev", hash_key="id",
            attributes=[{"name": "id", "type": "S"}], read_capacity=1, write_capacity=1, opts=options)
        if place == "west":
            aws.dynamodb.ContributorInsights("west-insights", table_name=table.name, opts=options)
    aws.sns.Topic("news", name="shop-news-dev", opts=inside)
    aws.sqs.Queue("untagged", name="shop-untagged-dev", opts=inside)


def tagged(args):
    return pulumi.ResourceTransformResult({**args.props, "tags": TAGS}, args.opts)


def tagged_at_once(args):
    return pulumi.ResourceTransformationResult({**args.props, "tags": TAGS}, args.opts)


def functions(inside):
    by_west = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(provider=west))
    transformed = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(transforms=[tagged]))
    at_once = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(transformations=[tagged_at_once]))
    made = {}
    for name in NAMES:
        role = aws.iam.Role(f"{name}-role", name=f"shop-{name}-dev", assume_role_policy=TRUST, opts=by_west)
        aws.iam.RolePolicy(f"{name}-rights", role=role.id, policy=allowed("s3:*", Resource="*"), opts=by_west)
        made[name] = aws.lambda_.Function(f"{name}-function", name=f"shop-{name}-dev", role=role.arn,
            code=CODE, runtime="python3.13", handler="app.handler", opts=at_once)
        aws.cloudwatch.MetricAlarm(f"{name}-errors", name=f"shop-{name}-dev", alarm_actions=[],
            opts=transformed, **errors_of(made[name].name))
    dead = aws.sqs.Queue("dead", name="shop-dead-dev", opts=transformed)
    work = aws.sqs.Queue("work", name="shop-work-dev", redrive_policy=redrive(dead.arn), opts=at_once)
    aws.lambda_.EventSourceMapping("feed", event_source_arn=work.arn, function_name=made["media"].arn,
        opts=at_once)


def everything(inside):
    buckets(inside)
    tables(inside)
    functions(inside)


Level(2, everything)
"""


def previewed(folder: Path, source: str) -> Run:
    (program := folder / "program").mkdir(parents=True)
    (program / "__main__.py").write_text(textwrap.dedent(HEADER) + source)
    (program / "guardrails.yaml").write_text("stacks: {dev: {levels: {all: mandatory}}}\n")
    with preview_engine(folder / "engine", program) as engine:
        engine.select("dev")
        return engine.preview()


def verdicts(run: Run) -> list[tuple[str, str, str]]:
    """Return level, rule and resource of everything that the pack reported."""
    found = re.findall(r"- \[(\w+)\]\s+(?:\[severity: \w+\]\s+)?([\w-]+)\s+\(\S+ ([\w-]+)\)", run.output)
    return sorted(found)


def test_loops_components_providers_regions_default_tags_and_transforms_make_no_difference(tmp_path):
    flat = verdicts(previewed(tmp_path / "flat", FLAT))
    nested = verdicts(previewed(tmp_path / "nested", NESTED))

    assert nested == flat
    assert ("mandatory", "dynamodb-contributor-insights", "east-table") in flat
    assert [name for _, rule, name in flat if rule == "dynamodb-contributor-insights"] == ["east-table"]
    assert [name for _, rule, name in flat if rule == "tags"] == ["untagged"]
    assert [name for _, rule, name in flat if rule == "s3-public-access"] == ["media", "thumbs"]
    assert not [name for _, rule, name in flat if rule == "s3-tls-only"]
    assert [name for _, rule, name in flat if rule == "iam-exact"] == ["media-rights", "thumbs-rights"]
    assert {name for _, rule, name in flat if rule == "function-alarms"} == {
        "media-function",
        "thumbs-function",
    }
    assert "feed" in {name for _, rule, name in flat if rule == "dead-letter-queues"}
