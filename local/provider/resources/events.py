"""EventBridge rules and targets on the default or a named bus."""

from typing import Any

from local.provider.emulation import Call, Emulation, emulates, given
from local.provider.values import Properties


@emulates("aws:cloudwatch/eventRule:EventRule")
class EventRule(Emulation):
    """A rule."""

    replaces = frozenset({"name", "eventBusName"})

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
