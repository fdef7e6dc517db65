"""Rules on what a function's code tells about its work. Read is Python; of other code they say nothing."""

import ast
from collections.abc import Iterator
from functools import partial
from typing import Final

from guardrails.framework.code import READS, Call, Code, python_code
from guardrails.framework.examples import UNKNOWN, python_function, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.modules import Module
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule, stack_rule

_LOGGERS: Final = ("aws_lambda_powertools.Logger", "aws_lambda_powertools.logging.Logger")
_JSON_LIBRARIES: Final = ("structlog", "pythonjsonlogger", "json_log_formatter", "ecs_logging", "loguru")
_KEYS: Final = frozenset(("set_correlation_id", "append_keys", "append_context_keys", "bind_contextvars"))

_LOGGED: Final = """\
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths

logger = Logger()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event, context):
    logger.info("Received", extra={"id": event["id"]})
"""
_BY_LAMBDA: Final = """\
import json
import logging

logger = logging.getLogger(__name__)


def handler(event, context):
    logger.info("Received", extra={"correlation_id": event["id"]})
    print(json.dumps({"_aws": {}}))
"""
_OWN_FORMAT: Final = """\
import json
import logging


class Lines(logging.Formatter):
    def format(self, record):
        return json.dumps({"message": record.getMessage(), "correlationId": current()})


logging.getLogger().info("Received")
"""


@resource_rule(
    severity=Severity.HIGH,
    findings=("CC-OPS-1", "OP-5.1"),
    fixes={
        "lambda.Function": (
            "logger = Logger()  # of Powertools\n"
            '@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")\n'
            "def handler(event, context):\n"
            '    logger.info("order placed")  # in place of print()'
        )
    },
    reads=(*READS, "lambda.Function.loggingConfig"),
    passes={
        "a logger of Powertools that injects the correlation id": stack(python_function("worker", _LOGGED)),
        "a plain logger, and print: Lambda makes JSON of the one, and the other prints JSON": stack(
            python_function("worker", _BY_LAMBDA, loggingConfig={"logFormat": "JSON"})
        ),
        "print in Node.js code: only Python is read": stack(
            python_function("other", "print()", runtime="nodejs22.x", handler="index.handler")
        ),
        "a plain logger, and no JSON of Lambda's: the program has a formatter of its own": stack(
            python_function("worker", _OWN_FORMAT)
        ),
    },
    fails={
        "prints free text in app.py:10": stack(python_function("worker", f'{_LOGGED}    print("done")\n')),
        "logs free text in app.py:4": stack(python_function("worker", _BY_LAMBDA)),
        "logs nothing": stack(python_function("worker", "def handler(event, context):\n    return 1\n")),
        "puts no correlation id into its logs": stack(
            python_function(
                "worker", _LOGGED.replace("(correlation_id_path=correlation_paths.API_GATEWAY_REST)", "")
            )
        ),
    },
)
def code_json_logs(function: Node) -> Iterator[str]:
    """Functions log JSON that carries a correlation id.

    Free text cannot be searched by field, and without the id lines of one request are never found together.
    """
    code = python_code(function)
    if code is None:
        return
    for call in code.calls:
        if call.name == "print" and not _prints_json(call, code):
            yield f"prints free text in {call.place}"
    plain = [call for call in code.calls if call.name in ("logging.getLogger", "logging.basicConfig")]
    if not _logs_json(code) and not (plain and _formatted_by_lambda(function)):
        yield f"logs free text in {plain[0].place}" if plain else "logs nothing as JSON"
    elif not (code.words & _KEYS or _names_correlation(code)):
        yield "puts no correlation id into its logs"


def _prints_json(call: Call, code: Code) -> bool:
    """Tell whether a print puts out JSON, as metrics in the embedded format are."""
    first = call.node.args[0] if len(call.node.args) == 1 else None
    return first is not None and code.meaning(call.module, first).endswith("json.dumps()")


def _formatted_by_lambda(function: Node) -> bool:
    return function.inputs.block("loggingConfig").text("logFormat") == "JSON"


def _logs_json(code: Code) -> bool:
    if any(call.name in _LOGGERS for call in code.calls):
        return True
    for module in code.modules.values():
        if any(name.split(".")[0] in _JSON_LIBRARIES for name in module.imported):
            return True
        if any(_is_formatter(module, each, code) for each in module.of(ast.ClassDef)):
            return True
    return False


def _is_formatter(module: Module, each: ast.ClassDef, code: Code) -> bool:
    bases = [code.meaning(module, base) for base in each.bases]
    return any(base.endswith("Formatter") for base in bases) and "dumps" in module.words


def _names_correlation(code: Code) -> bool:
    names = [*code.words, *code.texts]
    spelt = (name.lower().replace("_", "").replace("-", "") for name in names if name != "correlation_paths")
    return any("correlationid" in name for name in spelt)


_COUNTS: Final = frozenset(
    (
        *("put_metric_data", "MetricsLogger", "metric_scope", "create_metrics_logger", "get_meter"),
        *("CloudWatchMetrics", "single_metric"),
    )
)
_FLUSHES: Final = frozenset(("log_metrics", "flush_metrics", "serialize_metric_set"))
_METRICS: Final = ("Metrics", "EphemeralMetrics", "DatadogMetrics", "AmazonCloudWatchEMFProvider")
_COUNTED: Final = """\
from aws_lambda_powertools import Metrics

metrics = Metrics(namespace="shop")


@metrics.log_metrics
def handler(event, context):
    metrics.add_metric(name="Orders", unit="Count", value=1)
"""
_FILTERED: Final = stack(
    python_function("worker", _LOGGED, name="shop-worker-dev"),
    resource("cloudwatch.LogGroup", "logs", name="/aws/lambda/shop-worker-dev"),
    resource(
        "cloudwatch.LogMetricFilter",
        "orders",
        sources={"logGroupName": ("logs",)},
        logGroupName=UNKNOWN,
        pattern='{ $.message = "Received" }',
    ),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("OP-2.4", "OP-4.5", "UA-5.1"),
    fixes={
        "lambda.Function": (
            'metrics = Metrics(namespace="shop")  # of Powertools\n'
            "@metrics.log_metrics\n"
            "def handler(event, context):\n"
            '    metrics.add_metric(name="OrdersPlaced", unit="Count", value=1)'
        )
    },
    reads=(
        *READS,
        "cloudwatch.LogGroup.name",
        "cloudwatch.LogMetricFilter.logGroupName",
        "lambda.Function.loggingConfig",
        "lambda.Function.name",
    ),
    passes={
        "metrics of Powertools": stack(python_function("worker", _COUNTED)),
        "no library for metrics: it prints the embedded metric format": stack(
            python_function(
                "worker", _BY_LAMBDA.replace('{"_aws": {}}', '{"_aws": {"CloudWatchMetrics": []}}')
            )
        ),
        "code that counts nothing: a filter counts lines of its log": _FILTERED,
        "a filter on the log group of another name: this function logs there": _FILTERED.but(
            "worker", name="shop-worker-two", loggingConfig={"logGroup": "/aws/lambda/shop-worker-dev"}
        ),
        "nothing counted in Node.js code: only Python is read": stack(
            python_function("other", "", runtime="nodejs22.x", handler="index.handler")
        ),
    },
    fails={
        "counts nothing as a metric": stack(python_function("worker", _LOGGED, name="shop-worker-dev")),
        "counts nothing": _FILTERED.but("orders", logGroupName="/aws/lambda/shop-other-dev"),
        "collects metrics and never puts them out": stack(
            python_function("worker", _COUNTED.replace("@metrics.log_metrics\n", ""))
        ),
    },
)
def code_metrics(function: Node, graph: Graph) -> Iterator[str]:
    """Functions count what they do, or a filter counts it from their logs.

    Whether the work succeeds shows in no metric of AWS: it sees calls, not orders or uploads.
    """
    code = python_code(function)
    if code is None or code.words & _COUNTS or "CloudWatchMetrics" in code.texts:
        return
    if any(
        call.name.startswith("aws_lambda_powertools") and call.name.endswith(_METRICS) for call in code.calls
    ):
        if not code.words & _FLUSHES:
            yield "collects metrics and never puts them out"
    elif not _counted_from_logs(function, graph):
        yield "counts nothing as a metric"


def _counted_from_logs(function: Node, graph: Graph) -> bool:
    filters = graph.of("cloudwatch.LogMetricFilter")
    if not filters:
        return False
    named = function.inputs.block("loggingConfig").text("logGroup")
    group = named or f"/aws/lambda/{graph.physical_name(function)}"

    def counts(node: Node) -> bool:
        read = partial(node.inputs.text, "logGroupName")
        found = graph.origin(node, "logGroupName", read, kinds=("cloudwatch.LogGroup",))
        if isinstance(found, str):
            return found == group
        return graph.physical_name(found) == group

    return bool(graph.matching("cloudwatch.LogMetricFilter", counts))
