"""A CloudWatch dashboard as rows of graphs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.blocks.alarms import PERIOD_SECONDS, Metric
from infra.naming import Kind, Scope

COLUMNS: Final = 24
HEIGHT: Final = 6
DAY_SECONDS: Final = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph: its title and what it draws; storage metrics come once a day."""

    title: str
    metrics: Sequence[Metric]
    period_seconds: int = PERIOD_SECONDS


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """Rows of graphs, from what users notice down to causes, and the alarms at the top."""

    scope: Scope
    alarm_arns: Sequence[pulumi.Input[str]]
    rows: Sequence[Sequence[Graph]]


class Dashboard(pulumi.ComponentResource):
    """One dashboard for one system."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Dashboard", name, {}, opts)
        widgets = [_alarm_widget(args.alarm_arns)]
        for row, graphs in enumerate(args.rows):
            widgets += [
                _graph_widget(graph, row, i, len(graphs), args.scope) for i, graph in enumerate(graphs)
            ]
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=args.scope.name(Kind.DASHBOARD),
            dashboard_body=pulumi.Output.from_input({"widgets": widgets}).apply(json.dumps),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = dashboard.dashboard_name
        self.register_outputs({"dashboardName": self.name})


def _alarm_widget(arns: Sequence[pulumi.Input[str]]) -> Mapping[str, Any]:
    properties = {"title": "Alarms", "alarms": list(arns)}
    return {"type": "alarm", "x": 0, "y": 0, "width": COLUMNS, "height": HEIGHT, "properties": properties}


def _graph_widget(graph: Graph, row: int, column: int, columns: int, scope: Scope) -> Mapping[str, Any]:
    width = COLUMNS // columns
    return {
        "type": "metric",
        "x": column * width,
        "y": (row + 1) * HEIGHT,
        "width": width,
        "height": HEIGHT,
        "properties": {
            "title": graph.title,
            "region": scope.region,
            "view": "timeSeries",
            "period": graph.period_seconds,
            "metrics": [_series(metric) for metric in graph.metrics],
        },
    }


def _series(metric: Metric) -> list[Any]:
    dimensions = [part for pair in metric.dimensions.items() for part in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic}]
