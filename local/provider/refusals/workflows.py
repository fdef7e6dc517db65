"""Step Functions and EventBridge Scheduler: state machines and schedules."""

import json
import re
import zoneinfo
from collections.abc import Iterator
from typing import Any

from local.provider.refusals.constraints import (
    JSON_OBJECT,
    arn,
    between,
    constraint,
    length,
    of_model,
    pattern,
)
from local.provider.refusals.places import Inputs
from local.provider.refusals.principals import trusts
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation

MACHINE, SCHEDULE = "aws:sfn/stateMachine:StateMachine", "aws:scheduler/schedule:Schedule"
CREATE = "CreateStateMachine - AWS Step Functions API Reference"
LANGUAGE = "Using Amazon States Language to define Step Functions workflows"
PUT = "CreateSchedule - EventBridge Scheduler API Reference"
TYPES = "Schedule types in EventBridge Scheduler"
STATES = frozenset({"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"})
_MOMENT = r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
_RATE = r"rate\([1-9]\d* (minutes?|hours?|days?)\)"
_CRON = r"cron\(\S+( \S+){5}\)"

constrain(
    MACHINE,
    "CreateStateMachine",
    error="ValidationException",
    page=CREATE,
    inputs={
        "name": pattern(r"[a-zA-Z0-9_-]{1,80}", "1 to 80 letters, digits, hyphens and underscores"),
        "type": of_model("stepfunctions", "StateMachineType"),
        "roleArn": arn("iam"),
        "definition": length(1, 1_048_576),
        "loggingConfiguration.level": of_model("stepfunctions", "LogLevel"),
        "loggingConfiguration.logDestination": pattern(
            r"arn:aws[\w-]*:logs:.+:\*", "an ARN of a log group with :*"
        ),
    },
)
constrain(
    SCHEDULE,
    "CreateSchedule",
    error="ValidationException",
    page=PUT,
    inputs={
        "name": of_model("scheduler", "Name"),
        "groupName": of_model("scheduler", "ScheduleGroupName"),
        "description": of_model("scheduler", "Description"),
        "scheduleExpression": pattern(
            f"{_MOMENT}|{_RATE}|{_CRON}", "at(…), rate(…) or cron(with six fields)"
        ),
        "scheduleExpressionTimezone": constraint(
            "a time zone of the IANA database", lambda zone: zone in zoneinfo.available_timezones()
        ),
        "state": of_model("scheduler", "ScheduleState"),
        "flexibleTimeWindow.mode": of_model("scheduler", "FlexibleTimeWindowMode"),
        "flexibleTimeWindow.maximumWindowInMinutes": between(1, 1440),
        "target.arn": arn(),
        "target.roleArn": arn("iam"),
        "target.retryPolicy.maximumEventAgeInSeconds": between(60, 86_400),
        "target.retryPolicy.maximumRetryAttempts": between(0, 185),
        "target.deadLetterConfig.arn": arn("sqs"),
        "kmsKeyArn": arn("kms"),
    },
)
constrain(
    MACHINE,
    "CreateStateMachine",
    error="InvalidDefinition",
    page=LANGUAGE,
    inputs={"definition": JSON_OBJECT},
)


@at_check(MACHINE, error="InvalidDefinition", operation="CreateStateMachine", page=LANGUAGE)
def definition(inputs: Inputs) -> Iterator[Fault]:
    """A definition starts at one of its states; states are of known types, and lead to states that exist."""
    text = inputs.get("definition")
    if JSON_OBJECT.holds(text):
        for fault in _machine_faults(json.loads(text), ""):
            yield "definition", f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {fault}'"


def _machine_faults(machine: dict[str, Any], at: str) -> Iterator[str]:
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"The field 'States' should have at least one state at {at}/States"
        return
    if machine.get("StartAt") not in states:
        yield f"Missing 'Next' target: {machine.get('StartAt')} at {at}/StartAt"
    for name, state in states.items():
        if not isinstance(state, dict) or state.get("Type") not in STATES:
            yield f"The field 'Type' should have one of {sorted(STATES)} at {at}/States/{name}/Type"
            continue
        yield from _state_faults(state, states, f"{at}/States/{name}")


def _state_faults(state: dict[str, Any], states: dict[str, Any], at: str) -> Iterator[str]:
    targets = [state[key] for key in ("Next", "Default") if key in state]
    targets += [one["Next"] for key in ("Choices", "Catch") for one in state.get(key, []) if "Next" in one]
    for target in targets:
        if target not in states:
            yield f"Missing 'Next' target: {target} at {at}"
    ends = state.get("End") is True or state["Type"] in ("Succeed", "Fail")
    if state["Type"] != "Choice" and ends == ("Next" in state):
        yield f"States of type {state['Type']} need one of 'Next' and 'End' at {at}"
    needed = {"Task": "Resource", "Choice": "Choices", "Parallel": "Branches"}.get(state["Type"])
    if needed and not state.get(needed):
        yield f"Missing field '{needed}' at {at}"
    inner = [state.get("ItemProcessor") or state.get("Iterator")] if state["Type"] == "Map" else []
    for machine in [*inner, *state.get("Branches", [])]:
        if isinstance(machine, dict):
            yield from _machine_faults(machine, at)
        else:
            yield f"Missing field 'ItemProcessor' at {at}"


@at_check(SCHEDULE, error="ValidationException", operation="CreateSchedule", page=TYPES)
def flexible_window(inputs: Inputs) -> Iterator[Fault]:
    """A flexible time window has a length, and a window that is off has none."""
    flexible = inputs.get("flexibleTimeWindow.mode") == "FLEXIBLE"
    if flexible != ("flexibleTimeWindow.maximumWindowInMinutes" in inputs):
        yield (
            "flexibleTimeWindow.maximumWindowInMinutes",
            "is needed for mode FLEXIBLE, and for no other mode",
        )


@at_check(SCHEDULE, error="ValidationException", operation="CreateSchedule", page=TYPES)
def unit_of_the_rate(inputs: Inputs) -> Iterator[Fault]:
    """A cron expression leaves the day of the month or the day of the week open."""
    found = re.fullmatch(
        r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", str(inputs.get("scheduleExpression"))
    )
    if found and "?" not in (found[3], found[5]):
        yield "scheduleExpression", "one of day-of-month and day-of-week must be ?"


@at_deploy(MACHINE, error="AccessDeniedException", operation="CreateStateMachine", page=CREATE)
def role_of_the_machine(situation: Situation) -> Iterator[str]:
    """The role of a state machine exists and lets Step Functions assume it."""
    role = situation.inputs["roleArn"]
    if not trusts(role, "states.amazonaws.com", situation):
        yield (
            "Neither the global service principal states.amazonaws.com, nor the regional one is "
            f"authorized to assume the provided role: {role}"
        )


@at_deploy(SCHEDULE, error="ValidationException", operation="CreateSchedule", page=PUT)
def role_of_the_schedule(situation: Situation) -> Iterator[str]:
    """The role of a schedule exists and lets the scheduler assume it."""
    if not trusts(situation.inputs["target"]["roleArn"], "scheduler.amazonaws.com", situation):
        yield "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
