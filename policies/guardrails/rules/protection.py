"""Rules on what keeps data from being deleted with a stack."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule
from guardrails.rules.tags import carried_tags


class DataProtectionSettings(Settings):
    """Where data must outlive mistakes."""

    environments: Annotated[
        tuple[str, ...], Meta(description="Values of the tag Environment that ask for protection.")
    ] = ("prod", "production")


_PROD: Final = {"Environment": "prod"}
_PROTECTED: Final = stack(
    resource("s3.Bucket", "media", tags=_PROD, forceDestroy=False),
    resource("dynamodb.Table", "records", tags=_PROD, deletionProtectionEnabled=True),
)
_DEV: Final = stack(
    resource("s3.Bucket", "media", tags={"Environment": "dev"}, forceDestroy=True),
    resource("dynamodb.Table", "records", tags={"Environment": "dev"}),
)
_BY_DEFAULT: Final = stack(
    resource("s3.Bucket", "media", default_tags=_PROD),
    resource("dynamodb.Table", "records", default_tags=_PROD, deletionProtectionEnabled=True),
)


@resource_rule(
    severity=Severity.MEDIUM,
    findings=(),
    fixes={
        "s3.Bucket": "force_destroy=False",
        "dynamodb.Table": "deletion_protection_enabled=True",
    },
    reads=(
        "provider.defaultTags",
        "dynamodb.Table.deletionProtectionEnabled",
        "dynamodb.Table.replicas",
        "dynamodb.Table.tags",
        "s3.Bucket.forceDestroy",
        "s3.Bucket.tags",
    ),
    passes={
        "production, protected": _PROTECTED,
        "forceDestroy, and no protection: it is a stack of dev": _DEV,
        "production by default tags only, no forceDestroy: no bucket is emptied unless told": _BY_DEFAULT,
    },
    fails={
        "is destroyed with all its objects": _PROTECTED.but("media", forceDestroy=True),
        "can be deleted in passing": _PROTECTED.but("records", deletionProtectionEnabled=None),
        "deleted in passing": _BY_DEFAULT.but("records", deletionProtectionEnabled=False),
        "can be deleted in passing in its replica in eu-west-1": _PROTECTED.but(
            "records", replicas=[{"regionName": "eu-west-1"}]
        ),
    },
    settings=DataProtectionSettings,
)
def data_protection(store: Node, chosen: DataProtectionSettings) -> Iterator[str]:
    """Buckets and tables of production cannot be deleted in passing.

    A replacement, a wrong stack name or a `destroy` would otherwise take the data along.
    """
    environment = carried_tags(store).get("Environment", "")
    matters = environment.lower() in [name.lower() for name in chosen.environments]
    if store.kind == "s3.Bucket":
        if store.inputs.flag("forceDestroy") and matters:
            yield "is destroyed with all its objects"
        return
    protected = store.inputs.flag("deletionProtectionEnabled")
    replicas = [
        each for each in store.inputs.blocks("replicas") if not each.flag("deletionProtectionEnabled")
    ]
    if matters and not protected:
        yield "can be deleted in passing"
    for replica in replicas if matters else ():
        yield f"can be deleted in passing in its replica in {replica.text('regionName')}"
