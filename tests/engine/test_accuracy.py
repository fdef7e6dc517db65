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
    attributes=[{"name": "id", "type": "S"}], tags=TAGS)
aws.dynamodb.Table("east-table", name="shop-records-dev", hash_key="id",
    attributes=[{"name": "id", "type": "S"}], tags=TAGS, opts=there)
aws.dynamodb.ContributorInsights("west-insights", table_name="shop-records-dev")
aws.sns.Topic("news", name="shop-news-dev", tags=TAGS)
aws.sqs.Queue("untagged", name="shop-untagged-dev")
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
            attributes=[{"name": "id", "type": "S"}], opts=options)
        if place == "west":
            aws.dynamodb.ContributorInsights("west-insights", table_name=table.name, opts=options)
    aws.sns.Topic("news", name="shop-news-dev", opts=inside)
    aws.sqs.Queue("untagged", name="shop-untagged-dev", opts=inside)


def everything(inside):
    buckets(inside)
    tables(inside)


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
