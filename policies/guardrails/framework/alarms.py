"""Which alarms watch a resource."""

from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.props import Props


def alarms_on(owner: Node, graph: Graph, *, namespace: str, metric: str, dimension: str) -> list[Node]:
    """Return the alarms with an action on a metric of *owner*, which *dimension* names."""

    def is_on_owner(alarm: Node, watched: Props, prop: str) -> bool:
        if watched.text("namespace") != namespace or watched.text("metricName") != metric:
            return False

        def name() -> str:
            return watched.block("dimensions").text(dimension)

        return graph.traced(alarm, prop, name, kinds=(owner.kind,)) is owner

    def watches(alarm: Node) -> bool:
        queries = [(query.block("metric"), "metricQueries") for query in alarm.inputs.blocks("metricQueries")]
        metrics = queries or [(alarm.inputs, "dimensions")]
        return any(is_on_owner(alarm, watched, prop) for watched, prop in metrics) and _acts(alarm.inputs)

    return graph.matching("cloudwatch.MetricAlarm", watches)


def _acts(alarm: Props) -> bool:
    muted = alarm.has("actionsEnabled") and not alarm.flag("actionsEnabled")
    return alarm.count("alarmActions") > 0 and not muted
