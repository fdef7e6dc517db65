"""Which alarms watch a resource, and whether they act."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from guardrails.framework.composites import sets_off
from guardrails.framework.errors import UndeterminedError, gravest
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.props import Props

ALARM_READS: Final = (
    "cloudwatch.CompositeAlarm.actionsEnabled",
    "cloudwatch.CompositeAlarm.alarmActions",
    "cloudwatch.CompositeAlarm.alarmName",
    "cloudwatch.CompositeAlarm.alarmRule",
    "cloudwatch.MetricAlarm.actionsEnabled",
    "cloudwatch.MetricAlarm.alarmActions",
    "cloudwatch.MetricAlarm.dimensions",
    "cloudwatch.MetricAlarm.metricName",
    "cloudwatch.MetricAlarm.metricQueries",
    "cloudwatch.MetricAlarm.name",
    "cloudwatch.MetricAlarm.namespace",
)
"""What is read by `alarms_on`."""

_TEXT: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_QUERY_ID: Final = re.compile(r"\b[a-z]\w*")
_INSIGHTS: Final = re.compile(r"SELECT\s", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A metric that decides about an alarm; its dimensions stand inside the top-level property `prop`."""

    alarm: Node
    props: Props
    prop: str

    @property
    def name(self) -> tuple[str, str]:
        """The namespace and the name of the metric."""
        return self.props.text("namespace"), self.props.text("metricName")

    def is_metric(self, namespace: str, metric: str) -> bool:
        """Tell whether it is this metric, of whatever resource."""
        return self.name == (namespace, metric)

    def dimension(self, name: str) -> str:
        """Return the value of a dimension, empty if it has none of that name."""
        return self.props.block("dimensions").text(name)

    def owner(self, dimension: str, kind: str, graph: Graph, beside: tuple[str, ...] = ()) -> Node | None:
        """Return the resource of *kind* that the value of *dimension* names, None if there is none.

        Other dimensions may come from resources of the kinds *beside*.
        """
        read = partial(self.dimension, dimension)
        return graph.traced(self.alarm, self.prop, read, kinds=(kind,), beside=beside)


def watched_by(alarm: Node) -> list[Watched]:
    """Return the metrics that decide about *alarm*: its own, or those that its returned query is made of."""
    queries = alarm.inputs.blocks("metricQueries")
    if not queries:
        return [Watched(alarm=alarm, props=alarm.inputs, prop="dimensions")]
    metrics = [query for query in _deciding(queries) if query.has("metric")]
    return [
        Watched(alarm=alarm, props=query.block("metric"), prop="metricQueries")
        for query in metrics
        if query.block("metric").keys()
    ]


def _deciding(queries: list[Props]) -> list[Props]:
    """Return the queries that the returned ones depend on, by the ids in their expressions."""
    waiting = [query for query in queries if query.flag("returnData")] or list(queries)
    reached: list[Props] = []
    while waiting:
        query = waiting.pop()
        reached.append(query)
        expression = query.text("expression")
        ids = query_ids(expression)
        waiting += [
            other
            for other in queries
            if other not in reached
            and other not in waiting
            and ("METRICS(" in expression or other.text("id") in ids)
        ]
    return reached


def query_ids(expression: str) -> set[str]:
    """Return the ids of queries that a metric math expression is made of."""
    if _INSIGHTS.match(expression.lstrip()):
        return set()
    return set(_QUERY_ID.findall(_TEXT.sub("", expression)))


def alarms_on(
    owner: Node,
    graph: Graph,
    *,
    namespace: str,
    metric: str,
    dimension: str,
    where: Callable[[Watched], bool] = lambda _: True,
    beside: tuple[str, ...] = (),
) -> list[Node]:
    """Return the alarms with an action on a metric of *owner*, which *dimension* names.

    *where* chooses among them by other dimensions, which may come from resources of the kinds *beside*.
    """
    found: list[Node] = []
    watchers = graph.once(_watchers, namespace, metric, dimension, owner.kind, beside)
    doubts = list(watchers.doubts)
    for watched in watchers.by_owner.get(owner, ()):
        try:
            if watched.alarm not in found and where(watched) and acts(watched.alarm, graph):
                found.append(watched.alarm)
        except UndeterminedError as doubt:
            doubts.append(doubt)
    if doubts and not found:
        raise gravest(doubts)
    return found


@dataclass(kw_only=True)
class _Watchers:
    """The watched metrics of one name by owner; `doubts` are of those that nobody can tell of."""

    by_owner: dict[Node | None, list[Watched]] = field(default_factory=dict)
    doubts: list[UndeterminedError] = field(default_factory=list)


def _watchers(
    namespace: str, metric: str, dimension: str, kind: str, beside: tuple[str, ...], graph: Graph
) -> _Watchers:
    by_metric, doubts = graph.once(_by_metric)
    watchers = _Watchers(doubts=list(doubts))
    for watched in by_metric.get((namespace, metric), ()):
        try:
            owner = watched.owner(dimension, kind, graph, beside)
        except UndeterminedError as doubt:
            watchers.doubts.append(doubt)
        else:
            regions = {watched.alarm.region, owner.region if owner else ""} - {""}
            if len(regions) < 2:  # an alarm sees the metrics of its own region alone
                watchers.by_owner.setdefault(owner, []).append(watched)
    return watchers


def _by_metric(graph: Graph) -> tuple[dict[tuple[str, str], list[Watched]], list[UndeterminedError]]:
    """Return what all alarms watch by namespace and name."""
    found: dict[tuple[str, str], list[Watched]] = {}
    doubts: list[UndeterminedError] = []
    for alarm in graph.of("cloudwatch.MetricAlarm"):
        try:
            for watched in watched_by(alarm):
                found.setdefault(watched.name, []).append(watched)
        except UndeterminedError as doubt:
            doubts.append(doubt)
    return found, doubts


def rises(alarm: Node) -> bool:
    """Tell whether *alarm* goes off when its metric is above a threshold."""
    operators = ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold")
    return alarm.inputs.text("comparisonOperator") in operators


def acts(alarm: Node, graph: Graph, below: tuple[Node, ...] = ()) -> bool:
    """Tell whether something happens when *alarm* goes off, by itself or by a composite alarm over it.

    *below* are the alarms that led here, so that two that name each other come to an end.
    """
    if _has_action(alarm.inputs):
        return True
    if not graph.of("cloudwatch.CompositeAlarm"):
        return False
    name, path = _name(alarm), (*below, alarm)

    def passes_on(composite: Node) -> bool:
        if composite in path or not sets_off(composite.inputs.text("alarmRule"), name):
            return False
        return acts(composite, graph, path)

    return bool(graph.matching("cloudwatch.CompositeAlarm", passes_on))


def _has_action(alarm: Props) -> bool:
    muted = alarm.has("actionsEnabled") and not alarm.flag("actionsEnabled")
    return alarm.count("alarmActions") > 0 and not muted


def _name(alarm: Node) -> str:
    prop = "alarmName" if alarm.kind == "cloudwatch.CompositeAlarm" else "name"
    return alarm.inputs.text(prop) or alarm.outputs.text(prop)
