"""Rules on what a stack tells others."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_STACK: Final = "pulumi:pulumi:Stack"
_SHARED: Final = {
    "s3.Bucket": "buckets",
    "dynamodb.Table": "tables",
    "lambda.Function": "functions",
    "sns.Topic": "topics",
}

_EXPORTED: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource("dynamodb.Table", "records", name="shop-records-dev"),
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    resource("sns.Topic", "alerts", name="shop-alerts-dev"),
    resource(
        _STACK,
        "shop-dev",
        intake="shop-media-dev",
        places={
            "table": "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-records-dev",
            "functions": [{"name": "shop-worker-dev", "version": "1"}],
        },
        alerts="arn:aws:sns:eu-west-1:111122223333:shop-alerts-dev",
    ),
)
_MORE: Final = _EXPORTED.but(
    "shop-dev", arns=[UNKNOWN], intake={"upload": {"bucket": "shop-media-dev"}}, key=UNKNOWN
)
_NOTHING_TO_SHARE: Final = stack(
    resource(_STACK, "shop-dev"), resource("sqs.Queue", "work", name="shop-work-dev")
)


@stack_rule(
    severity=Severity.LOW,
    findings=("OP-8.3", "IP-7.3"),
    fixes={
        _STACK: (
            'pulumi.export("bucket", bucket.bucket)\n'
            "# and so on for tables, functions and topics: a first preview knows names, not ids and ARNs"
        )
    },
    reads=("dynamodb.Table.name", "lambda.Function.name", "s3.Bucket.bucket", "sns.Topic.name"),
    passes={
        "no ARN of the bucket, a function deep in a list: any output that holds its name will do": _EXPORTED,
        "outputs unknown until the update: those that are known have everything": _MORE,
        "no outputs: there is nothing to share but a queue": _NOTHING_TO_SHARE,
    },
    fails={
        "exports none of its buckets": _EXPORTED.but("shop-dev", intake=None),
        "exports none of its topics": _EXPORTED.but(
            "shop-dev", alerts="arn:aws:sqs:eu-west-1:1:shop-alerts-dev"
        ),
        "exports none of its functions": _EXPORTED.but("shop-dev", places=None),
    },
)
def stack_outputs(deployed: Node, graph: Graph) -> Iterator[str]:
    """Stacks export their buckets, tables, functions and topics.

    Other stacks and people find them by its outputs; names typed in elsewhere go stale.
    """
    exported = deployed.outputs.texts_inside()
    for kind, plural in _SHARED.items():
        if graph.of(kind) and not _is_among(exported, kind, graph):
            yield f"exports none of its {plural}"


def _is_among(exported: list[str | None], kind: str, graph: Graph) -> bool:
    """Tell whether an output names a resource of *kind*.

    Raises
    ------
    UndeterminedError
        None does for certain, but one might: an output or the name of such a resource is not known yet.
    """
    doubts = [UndeterminedError("which resource an output names is not known yet")] * (None in exported)
    for text in exported:
        try:
            if text and graph.named(text, kind):
                return True
        except UndeterminedError as doubt:
            doubts.append(doubt)
    if doubts:
        raise doubts[-1]
    return False
