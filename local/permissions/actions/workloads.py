"""Lambda, Step Functions and what a function reports about itself: logs, traces, metrics, identity."""

from collections.abc import Callable, Mapping

from local.permissions.calls import Call, Check, KeyUse


def _log_stream(action: str) -> Callable[[Call], list[Check]]:
    def needs(call: Call) -> list[Check]:
        group, stream = call.parameters["logGroupName"], call.parameters["logStreamName"]
        return [Check(action=action, resource=call.arn("logs", f"log-group:{group}:log-stream:{stream}"))]

    return needs


def _invoke(call: Call) -> list[Check]:
    name, qualifier = call.parameters["FunctionName"], call.parameters.get("Qualifier")
    arn = name if name.startswith("arn:") else call.arn("lambda", f"function:{name}")
    resource = f"{arn}:{qualifier}" if qualifier else arn
    return [Check(action="lambda:InvokeFunction", resource=resource)]


def _configuration(action: str, *keys: str) -> Callable[[Call], list[Check]]:
    """Return what a function's settings need, with its key: see "Securing Lambda environment variables"."""

    def needs(call: Call) -> list[Check]:
        arn = call.arn("lambda", f"function:{call.parameters['FunctionName']}")
        pairs = {"aws:lambda:FunctionArn": arn}
        use = KeyUse(holder=arn, via="lambda", actions=keys, encryption_context=pairs)
        return [Check(action=action, resource=arn, key_use=use)]

    return needs


def _start_execution(call: Call) -> list[Check]:
    return [Check(action="states:StartExecution", resource=call.parameters["stateMachineArn"])]


def _put_metric_data(call: Call) -> list[Check]:
    context = {"cloudwatch:namespace": call.parameters["Namespace"]}
    return [Check(action="cloudwatch:PutMetricData", resource="*", context=context)]


def _anywhere(action: str) -> Callable[[Call], list[Check]]:
    return lambda _call: [Check(action=action, resource="*")]


def _nothing(_call: Call) -> list[Check]:
    return []


SERVICES: Mapping[str, Mapping[str, Callable[[Call], list[Check]]]] = {
    "lambda": {
        "Invoke": _invoke,
        "GetFunctionConfiguration": _configuration("lambda:GetFunctionConfiguration", "kms:Decrypt"),
        "UpdateFunctionConfiguration": _configuration(
            "lambda:UpdateFunctionConfiguration", "kms:CreateGrant", "kms:Encrypt"
        ),
    },
    "stepfunctions": {"StartExecution": _start_execution},
    "logs": {
        "CreateLogStream": _log_stream("logs:CreateLogStream"),
        "PutLogEvents": _log_stream("logs:PutLogEvents"),
    },
    "xray": {
        "PutTraceSegments": _anywhere("xray:PutTraceSegments"),
        "PutTelemetryRecords": _anywhere("xray:PutTelemetryRecords"),
    },
    "cloudwatch": {"PutMetricData": _put_metric_data},
    # AWS answers everyone who they are, whatever their policies say.
    "sts": {"GetCallerIdentity": _nothing},
}
