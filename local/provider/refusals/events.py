"""EventBridge: rules, targets, buses and archives."""

import json
import re
from collections.abc import Iterator

from local.provider.refusals.access import delivery_refused
from local.provider.refusals.constraints import JSON_OBJECT, arn, at_least, length, of_model, one_of, pattern
from local.provider.refusals.event_patterns import pattern_fault
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain, in_use
from local.provider.refusals.situation import Situation
from local.provider.refusals.sqs import QUEUE

RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
BUS, ARCHIVE = "aws:cloudwatch/eventBus:EventBus", "aws:cloudwatch/eventArchive:EventArchive"
PUT_RULE, PUT_TARGETS = (
    "PutRule - Amazon EventBridge API Reference",
    "PutTargets - Amazon EventBridge API Reference",
)
QUOTAS, PATTERNS = "Amazon EventBridge quotas", "Creating Amazon EventBridge event patterns"
SCHEDULES = "Setting a schedule pattern for scheduled rules in EventBridge"
DELIVERY = "Using resource-based policies for Amazon EventBridge"
TARGETS_OF_A_RULE = 5
_CRON = r"cron\(\S+( \S+){5}\)"
_RATE = r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)"

constrain(
    RULE,
    "PutRule",
    error="ValidationException",
    page=PUT_RULE,
    inputs={
        "name": of_model("events", "RuleName"),
        "description": of_model("events", "RuleDescription"),
        "state": of_model("events", "RuleState"),
        "scheduleExpression": pattern(
            f"{_CRON}|{_RATE}", "rate(1 day), rate(N days) or cron(with six fields)"
        ),
        "roleArn": arn("iam"),
        "eventBusName": of_model("events", "EventBusNameOrArn"),
    },
)
constrain(
    TARGET,
    "PutTargets",
    error="ValidationException",
    page=PUT_TARGETS,
    inputs={
        "rule": of_model("events", "RuleName"),
        "targetId": of_model("events", "TargetId"),
        "arn": arn(),
        "roleArn": arn("iam"),
        "eventBusName": of_model("events", "EventBusNameOrArn"),
        "input": of_model("events", "TargetInput"),
        "inputPath": of_model("events", "TargetInputPath"),
        "inputTransformer.inputTemplate": of_model("events", "TransformerInput"),
        "deadLetterConfig.arn": arn("sqs"),
        "retryPolicy.maximumRetryAttempts": of_model("events", "MaximumRetryAttempts"),
        "retryPolicy.maximumEventAgeInSeconds": of_model("events", "MaximumEventAgeInSeconds") | one_of(0),
    },
)
constrain(
    BUS,
    "CreateEventBus",
    error="ValidationException",
    page="CreateEventBus - Amazon EventBridge API Reference",
    inputs={"name": of_model("events", "EventBusName"), "description": length(0, 512)},
)
constrain(
    ARCHIVE,
    "CreateArchive",
    error="ValidationException",
    page="CreateArchive - Amazon EventBridge API Reference",
    inputs={
        "name": of_model("events", "ArchiveName"),
        "eventSourceArn": arn("events"),
        "retentionDays": at_least(0),
        "description": length(0, 512),
        "eventPattern": JSON_OBJECT,
    },
)


@at_check(RULE, ARCHIVE, error="InvalidEventPatternException", operation="PutRule", page=PATTERNS)
def event_pattern(inputs: Inputs) -> Iterator[Fault]:
    """An event pattern keeps to the language of patterns and has at most 4,096 characters."""
    text = inputs.get("eventPattern")
    if not text:
        return
    if len(text) > 4096:
        yield (
            "eventPattern",
            f"Event pattern is not valid. Reason: it has {len(text)} characters, 4096 are allowed",
        )
    elif fault := pattern_fault(text):
        yield "eventPattern", f"Event pattern is not valid. Reason: {fault}"


@at_check(RULE, error="ValidationException", operation="PutRule", page=PUT_RULE)
def pattern_or_schedule(inputs: Inputs) -> Iterator[Fault]:
    """A rule has an event pattern or a schedule; a schedule is on the default bus alone."""
    if "eventPattern" not in inputs and "scheduleExpression" not in inputs:
        yield "eventPattern", "Parameter(s) EventPattern or ScheduleExpression must be specified."
    if "scheduleExpression" in inputs and inputs.get("eventBusName", "default") != "default":
        yield "scheduleExpression", "ScheduleExpression is supported only on the default event bus."


@at_check(TARGET, error="ValidationException", operation="PutTargets", page=PUT_TARGETS)
def one_input(inputs: Inputs) -> Iterator[Fault]:
    """A target takes one of input, inputPath and inputTransformer."""
    given = [name for name in ("input", "inputPath", "inputTransformer") if name in inputs]
    if len(given) > 1:
        yield given[1], "Only one of Input, InputPath, or InputTransformer must be provided for a target"
    text = inputs.get("input")
    if text is not None and not _is_json(text):
        yield "input", "JSON syntax error in input for target"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@at_check(
    TARGET,
    error="ValidationException",
    operation="PutTargets",
    page="Amazon EventBridge input transformation",
)
def transformer(inputs: Inputs) -> Iterator[Fault]:
    """An input template uses only variables that the input paths define, whose names are not reserved."""
    template = inputs.get("inputTransformer.inputTemplate")
    paths = inputs.get("inputTransformer.inputPaths") or {}
    if template is None:
        return
    for name, path in paths.items():
        if name.lower().startswith("aws") or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            yield (
                f"inputTransformer.inputPaths.{name}",
                f"Invalid InputTransformer: {name!r} cannot be a variable",
            )
        if not path.startswith("$"):
            yield f"inputTransformer.inputPaths.{name}", f"Invalid InputTransformer: {path!r} is no JSON path"
    for variable in re.findall(r"<([\w.-]+)>", template):
        if variable not in paths and not variable.startswith("aws.events."):
            yield (
                "inputTransformer.inputTemplate",
                f"Invalid InputTemplate for target: <{variable}> has no input path",
            )


@at_check(TARGET, error="ValidationException", operation="PutTargets", page=PUT_TARGETS)
def dead_letters_are_standard(inputs: Inputs) -> Iterator[Fault]:
    """A target's dead-letter queue is a standard queue, and a FIFO queue as target has a message group."""
    if str(inputs.get("deadLetterConfig.arn", "")).endswith(".fifo"):
        yield "deadLetterConfig.arn", "FIFO queues are not supported as dead-letter queues of targets"
    target = str(inputs.get("arn"))
    if ":sqs:" in target and target.endswith(".fifo") and "sqsTarget.messageGroupId" not in inputs:
        yield "sqsTarget", f"Parameter(s) SqsParameters must be specified for target: {target}"


@at_deploy(TARGET, error="ResourceNotFoundException", operation="PutTargets", page=PUT_TARGETS)
def rule_of_the_target(situation: Situation) -> Iterator[str]:
    """The rule of a target exists on its bus."""
    name, bus = situation.inputs["rule"], situation.get("eventBusName", "default")
    events = situation.client("events")
    try:
        events.describe_rule(Name=name, EventBusName=bus)
    except events.exceptions.ResourceNotFoundException:
        yield f"Rule {name} does not exist on EventBus {bus}."


@at_deploy(TARGET, error="LimitExceededException", operation="PutTargets", page=QUOTAS)
def targets_of_a_rule(situation: Situation) -> Iterator[str]:
    """A rule has at most five targets."""
    rule, bus = situation.inputs["rule"], situation.get("eventBusName", "default")
    same = [
        one
        for one in situation.of_type(TARGET)
        if one.get("rule") == rule and one.get("eventBusName", "default") == bus
    ]
    if len(same) >= TARGETS_OF_A_RULE:
        yield "The requested resource exceeds the maximum number allowed."


@at_deploy(TARGET, error="ValidationException", operation="PutTargets", page=PUT_TARGETS)
def region_of_the_target(situation: Situation) -> Iterator[str]:
    """A target is in the rule's own region, but for buses."""
    _, _, service, region, *_ = situation.inputs["arn"].split(":")
    if service != "events" and region and region != situation.region:
        yield f"Provided Arn is not in the same region as the rule: {situation.inputs['arn']}"


@in_use(TARGET, operation="PutTargets", page=DELIVERY)
def target_admits_the_rule(situation: Situation) -> Iterator[str]:
    """The policy of a queue or topic admits the rule; else EventBridge takes it and delivers nothing."""
    name, bus = situation.inputs["rule"], situation.get("eventBusName", "default")
    path = name if bus == "default" else f"{bus.rpartition('/')[2]}/{name}"
    source = f"arn:aws:events:{situation.region}:{situation.account}:rule/{path}"
    dead_letters = (situation.get("deadLetterConfig") or {}).get("arn")
    kinds = {"sqs": "rule-to-queue", "sns": "rule-to-topic"}
    target = situation.inputs["arn"]
    asked = [(kinds.get(target.split(":")[2], ""), target), ("rule-to-dead-letters", dead_letters)]
    for kind, place in asked:
        if kind and place and (reason := delivery_refused(kind, source, place, situation)):
            yield (
                f"EventBridge takes {place} for rule {name}, and no event arrives: {reason}. Admit the "
                "rule, and let "
                "the target depend on the policy that does"
            )


@at_deploy(TARGET, error="ResourceNotFoundException", operation="PutTargets", page=PUT_TARGETS)
def queue_of_the_target(situation: Situation) -> Iterator[str]:
    """A dead-letter queue of a target exists."""
    target = (situation.get("deadLetterConfig") or {}).get("arn")
    if target and target.split(":")[4] == situation.account and not situation.find(QUEUE, arn=target):
        sqs = situation.client("sqs", target.split(":")[3])
        try:
            sqs.get_queue_url(QueueName=target.split(":")[5])
        except sqs.exceptions.QueueDoesNotExist:
            yield f"The dead-letter queue {target} does not exist"
