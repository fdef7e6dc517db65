"""Rules on tags."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, field

from guardrails.framework.data import own_data
from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Settings, Severity, resource_rule

_REQUIRED: Final = ("Project", "System", "Environment", "Owner", "CostCenter")
_CLASSES: Final = ("public", "internal", "confidential", "restricted")
_DATA_STORES: Final = {
    "docdb.Cluster",
    "dynamodb.GlobalTable",
    "dynamodb.Table",
    "efs.FileSystem",
    "kinesis.Stream",
    "neptune.Cluster",
    "opensearch.Domain",
    "rds.Cluster",
    "rds.Instance",
    "redshift.Cluster",
    "s3.Bucket",
    "secretsmanager.Secret",
}


def taggable_kinds() -> list[str]:
    """Return every kind that takes tags; the pack is used without pulumi-aws, so they stand in a file."""
    modules: dict[str, list[str]] = own_data("taggable.yaml")
    return [f"{module}.{name}" for module, names in modules.items() for name in names]


_KINDS: Final = taggable_kinds()
_TAGS: Final = {**dict.fromkeys(_REQUIRED, "shop"), "DataClassification": "internal"}
_TAGGED: Final = stack(
    resource("s3.Bucket", "media", tags=_TAGS),
    resource("sqs.Queue", "work", tags={"System": "media"}, default_tags=_TAGS),
    resource("autoscaling.Group", "fleet", tags=[{"key": key, "value": "shop"} for key in _REQUIRED]),
)


class TagsSettings(Settings):
    """What is put where a tag is missing, at level remediate."""

    defaults: Annotated[
        dict[str, str],
        Meta(description="Tags that the remediation adds where they are missing; what is there stays."),
    ] = field(default_factory=dict)


def _tagged(subject: Node, settings: TagsSettings) -> dict[str, Any]:
    """Set the tags in `defaults` that are missing; lists of keys and values are the program's to mend."""
    if subject.inputs.is_list("tags"):
        return {}
    carried = {**_default_tags(subject.provider), **_own_tags(subject.inputs)}
    wanted = [*_REQUIRED, *(["DataClassification"] if subject.kind in _DATA_STORES else [])]
    missing = [tag for tag in wanted if tag in settings.defaults and not carried.get(tag)]
    return {"tags": {tag: settings.defaults[tag] for tag in missing}} if missing else {}


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-COST-3", "OP-5.3", "UA-8.1", "CC-SEC-3", "UA-8.2"),
    fixes=dict.fromkeys(
        _KINDS,
        'tags={"Project": "shop", "System": "orders", "Environment": stack, "Owner": "web",\n'
        '      "CostCenter": "4711"}\n'
        f'# on a data store also "DataClassification" out of {", ".join(_CLASSES)}',
    ),
    reads=("provider.defaultTags", *(f"{kind}.tags" for kind in _KINDS)),
    settings=TagsSettings,
    remedies=dict.fromkeys(_KINDS, _tagged),
    passes={
        "a queue with a single tag: the others are its provider's": _TAGGED,
        "no tags but the provider's, and Internal with a capital: both count": stack(
            resource(
                "s3.Bucket",
                "media",
                tags={"DataClassification": "Internal", "Owner": "media-team"},
                default_tags=_TAGS,
            ),
            resource("sqs.Queue", "work", default_tags=_TAGS),
        ),
    },
    fails={
        "lacks the tags Project, System, Environment, Owner, CostCenter": stack(
            resource("sqs.Queue", "work")
        ),
        "lacks the tag CostCenter": _TAGGED.but("media", tags={**_TAGS, "CostCenter": ""}),
        "lacks the tag DataClassification": _TAGGED.but("media", tags=dict.fromkeys(_REQUIRED, "shop")),
        "has no known DataClassification": _TAGGED.but(
            "media", tags={**_TAGS, "DataClassification": "secret"}
        ),
    },
)
def tags(subject: Node, _settings: TagsSettings) -> Iterator[str]:
    """Resources carry the tags that say whose they are, and data stores how sensitive their content is.

    Costs, incidents and audits are assigned by these tags; untagged resources belong to nobody.
    """
    carried = carried_tags(subject)
    if missing := [tag for tag in _REQUIRED if not carried.get(tag)]:
        yield f"lacks the tag{'s' * (len(missing) > 1)} {', '.join(missing)}"
    if subject.kind not in _DATA_STORES:
        return
    if "DataClassification" not in carried:
        yield "lacks the tag DataClassification"
    elif carried["DataClassification"].lower() not in _CLASSES:
        yield f"has no known DataClassification; known are {', '.join(_CLASSES)}"


def carried_tags(subject: Node) -> Mapping[str, str]:
    """Return the tags that a resource will carry: its own and its provider's default ones."""
    return {**_default_tags(subject.provider), **_own_tags(subject.inputs)}


def _own_tags(inputs: Props) -> Mapping[str, str]:
    """Return a resource's own tags; Auto Scaling groups list theirs as keys and values."""
    if inputs.is_list("tags"):
        return {tag.text("key"): tag.text("value").strip() for tag in inputs.blocks("tags")}
    return _texts(inputs.block("tags"))


def _default_tags(provider: Props) -> Mapping[str, str]:
    """Return the provider's default tags, which are not among the resource's own."""
    return _texts(provider.document("defaultTags").block("tags"))


def _texts(block: Props) -> Mapping[str, str]:
    return {key: block.text(key).strip() for key in block.keys()}  # noqa: SIM118  Props is no mapping
