"""What events lead to: EventBridge patterns, rules with a target, functions that read what events bring."""

from typing import Final

from guardrails.framework.documents import Statement
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.functions import async_invokers, mappings_of
from guardrails.framework.graph import Graph
from guardrails.framework.names import name_in
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.roles import role_statements

_READS: Final = ("s3:GetObject", "s3:GetObjectVersion")


def rules_feeding(graph: Graph, bucket: Node, source: str, detail_type: str, status: str = "") -> list[Node]:
    """Return the event rules that pass *source*'s events about *bucket* on to a target.

    With *status*, those events are malware scan results of that status; else the bucket's own events.
    """
    name = graph.physical_name(bucket)
    rules = graph.matching(
        "cloudwatch.EventRule", lambda rule: _listens(rule, name, source, detail_type, status)
    )
    return [rule for rule in rules if graph.companions(rule, "cloudwatch.EventTarget", "rule")]


def _listens(rule: Node, bucket: str, source: str, detail_type: str, status: str) -> bool:
    """Tell whether an event rule asks for such an event; a rule on a schedule asks for none."""
    pattern = rule.inputs.document("eventPattern")
    if not (pattern.has("source") and admits(pattern, "source", source)):
        return False
    detail = pattern.block("detail")
    where, name = ("s3ObjectDetails", "bucketName") if status else ("bucket", "name")
    return (
        admits(pattern, "detail-type", detail_type)
        and admits(detail.block(where), name, bucket)
        and (not status or admits(detail.block("scanResultDetails"), "scanResultStatus", status))
    )


def admits(pattern: Props, field: str, value: str) -> bool:
    """Tell whether *pattern* lets an event through whose *field* is *value*; a field not named admits all.

    Raises
    ------
    UndeterminedError
        The pattern filters the field in a way that is not read here.
    """
    return not pattern.has(field) or any(_fits(wanted, value) for wanted in pattern.members(field))


def _fits(wanted: str | Props, value: str) -> bool:
    if isinstance(wanted, str):
        return wanted == value
    if wanted.keys() == ["anything-but"]:
        return value not in wanted.texts("anything-but")
    if wanted.keys() == ["prefix"]:
        return value.startswith(wanted.text("prefix"))
    if wanted.keys() == ["suffix"]:
        return value.endswith(wanted.text("suffix"))
    raise UndeterminedError(f"an event pattern filters by {', '.join(wanted.keys())}, which no rule reads")


def read_by_event(bucket: Node, graph: Graph) -> bool:
    """Tell whether a function that events feed may read the bucket's objects."""
    name = graph.physical_name(bucket)
    for function in graph.of("lambda.Function"):
        if mappings_of(function, graph) or async_invokers(function, graph):
            role = graph.target(function, "role", kinds=("iam.Role",))
            if role and any(_may_read(statement, name) for statement in role_statements(role, graph)):
                return True
    return False


def _may_read(statement: Statement, bucket: str) -> bool:
    named = any(name_in(arn, "s3.Bucket") == f"{bucket}/*" for arn in statement.resources)
    return statement.allows and named and any(map(statement.concerns, _READS))
