"""EventBridge rules and targets on the default or a named bus."""

from types import MappingProxyType
from typing import Any

from local.provider.emulation import Call, Emulation, emulates, given, pairs
from local.provider.values import Properties


@emulates("aws:cloudwatch/eventRule:EventRule")
class EventRule(Emulation):
    """A rule."""

    replaces = frozenset({"name", "eventBusName"})
    unset = MappingProxyType({"eventBusName": "default", "state": "ENABLED"})
    identified_by = "its name, after bus/ on another bus than the default one"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the rule."""
        self._put(call, Tags=call.tag_list)
        name, bus = call.inputs["name"], call.inputs.get("eventBusName", "default")
        path = name if bus == "default" else f"{bus}/{name}"
        return path, {"arn": call.arn("events", f"rule/{path}")}

    def update(self, call: Call) -> Properties:
        """Replace the definition, and the tags apart from it: PutRule takes them only at first."""
        self._put(call)
        events, arn = call.aws("events"), call.before["arn"]
        call.retag(
            lambda: events.tag_resource(ResourceARN=arn, Tags=call.tag_list),
            lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell pattern, schedule, state and tags."""
        bus, _, name = call.id.rpartition("/")
        events, arn = call.aws("events"), call.arn("events", f"rule/{call.id}")
        rule = events.describe_rule(Name=name, EventBusName=bus or "default")
        return {
            "name": name,
            "eventBusName": bus or "default",
            "arn": arn,
            "eventPattern": rule.get("EventPattern"),
            "scheduleExpression": rule.get("ScheduleExpression"),
            "description": rule.get("Description"),
            "state": rule["State"],
            "tagsAll": pairs(events.list_tags_for_resource(ResourceARN=arn)["Tags"]),
        }

    def delete(self, call: Call) -> None:
        """Delete the rule; its targets are gone by then."""
        bus = call.before.get("eventBusName", "default")
        call.aws("events").delete_rule(Name=call.before["name"], EventBusName=bus)

    def _put(self, call: Call, **first: Any) -> None:
        inputs = call.inputs
        call.aws("events").put_rule(
            Name=inputs["name"],
            EventBusName=inputs.get("eventBusName", "default"),
            State=inputs.get("state", "ENABLED"),
            **first,
            **given(
                EventPattern=inputs.get("eventPattern"),
                ScheduleExpression=inputs.get("scheduleExpression"),
                Description=inputs.get("description"),
            ),
        )


@emulates("aws:cloudwatch/eventTarget:EventTarget")
class EventTarget(Emulation):
    """A target of a rule."""

    replaces = frozenset({"rule", "targetId", "eventBusName"})
    unset = MappingProxyType({"eventBusName": "default"})
    identified_by = "rule-target, or bus/rule/target"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Add the target."""
        inputs = call.inputs
        target = inputs.get("targetId") or f"{inputs['rule']}-target"
        self._put(call, target)
        return f"{inputs['rule']}-{target}", {"targetId": target}

    def update(self, call: Call) -> Properties:
        """Replace the target's definition."""
        self._put(call, call.before["targetId"])
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell the definition."""
        bus, rule, target = self._parts(call)
        answer = call.aws("events").list_targets_by_rule(Rule=rule, EventBusName=bus)
        found = next((each for each in answer["Targets"] if each["Id"] == target), None)
        if found is None:
            return None
        retry, dead_letter = found.get("RetryPolicy", {}), found.get("DeadLetterConfig", {})
        return {
            "rule": rule,
            "targetId": target,
            "eventBusName": bus,
            "arn": found["Arn"],
            "roleArn": found.get("RoleArn"),
            "inputPath": found.get("InputPath"),
            "input": found.get("Input"),
            "deadLetterConfig": {"arn": dead_letter.get("Arn")},
            "retryPolicy": {
                "maximumRetryAttempts": retry.get("MaximumRetryAttempts"),
                "maximumEventAgeInSeconds": retry.get("MaximumEventAgeInSeconds"),
            },
        }

    def _parts(self, call: Call) -> tuple[str, str, str]:
        """Return bus, rule and target; an id to import is written as the real provider takes it."""
        if "targetId" in call.before:
            return call.before.get("eventBusName", "default"), call.before["rule"], call.before["targetId"]
        *bus, rule, target = call.id.split("/") if "/" in call.id else call.id.rsplit("-", 1)
        return (bus[0] if bus else "default"), rule, target

    def delete(self, call: Call) -> None:
        """Remove the target."""
        bus = call.before.get("eventBusName", "default")
        call.aws("events").remove_targets(
            Rule=call.before["rule"], EventBusName=bus, Ids=[call.before["targetId"]]
        )

    def _put(self, call: Call, target: str) -> None:
        inputs = call.inputs
        retry = inputs.get("retryPolicy")
        dead_letter = inputs.get("deadLetterConfig", {}).get("arn")
        definition = given(
            Id=target,
            Arn=inputs["arn"],
            RoleArn=inputs.get("roleArn"),
            InputPath=inputs.get("inputPath"),
            Input=inputs.get("input"),
            DeadLetterConfig=dead_letter and {"Arn": dead_letter},
            RetryPolicy=retry
            and given(
                MaximumRetryAttempts=retry.get("maximumRetryAttempts"),
                MaximumEventAgeInSeconds=retry.get("maximumEventAgeInSeconds"),
            ),
        )
        bus = inputs.get("eventBusName", "default")
        answer = call.aws("events").put_targets(Rule=inputs["rule"], EventBusName=bus, Targets=[definition])
        if answer["FailedEntryCount"]:
            raise ValueError(answer["FailedEntries"][0]["ErrorMessage"])
