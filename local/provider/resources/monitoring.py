"""CloudWatch: log groups, alarms, dashboards. moto evaluates no alarm."""

from types import MappingProxyType
from typing import Any, ClassVar

from local.provider.emulation import Call, Emulation, emulates, given, pairs
from local.provider.values import Properties

NOT_CHECKED = (
    "CloudWatch: alarms are never evaluated, dashboards never drawn, metrics never derived; log "
    "retention deletes nothing.",
)
"""For the page docs/local-stack.md."""


@emulates("aws:cloudwatch/logGroup:LogGroup")
class LogGroup(Emulation):
    """A log group."""

    unset = MappingProxyType({"retentionInDays": 0})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the group."""
        name = call.inputs["name"]
        call.aws("logs").create_log_group(
            logGroupName=name, tags=call.tags, **given(kmsKeyId=call.inputs.get("kmsKeyId"))
        )
        self._retain(call, name)
        return name, {"arn": call.arn("logs", f"log-group:{name}")}

    def update(self, call: Call) -> Properties:
        """Change retention and tags; moto takes no other key."""
        self._retain(call, call.id)
        logs = call.aws("logs")
        call.retag(
            lambda: logs.tag_log_group(logGroupName=call.id, tags=call.tags),
            lambda keys: logs.untag_log_group(logGroupName=call.id, tags=keys),
        )
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell retention and tags; the key, which moto never changes, only of what is looked up."""
        logs = call.aws("logs")
        groups = logs.describe_log_groups(logGroupNamePrefix=call.id)["logGroups"]
        group = next((each for each in groups if each["logGroupName"] == call.id), None)
        if group is None:
            return None
        key = {} if call.before else {"kmsKeyId": group.get("kmsKeyId")}
        return key | {
            "name": call.id,
            "arn": call.arn("logs", f"log-group:{call.id}"),
            "retentionInDays": group.get("retentionInDays", 0),
            "tagsAll": logs.list_tags_log_group(logGroupName=call.id)["tags"],
        }

    def delete(self, call: Call) -> None:
        """Delete the group and its streams."""
        call.aws("logs").delete_log_group(logGroupName=call.id)

    def _retain(self, call: Call, name: str) -> None:
        logs = call.aws("logs")
        if days := call.inputs.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        else:
            logs.delete_retention_policy(logGroupName=name)


def _statistic(properties: Properties) -> dict[str, Any]:
    """Return what is measured by one metric, as both forms of an alarm name it."""
    dimensions = [{"Name": name, "Value": value} for name, value in properties.get("dimensions", {}).items()]
    return given(
        MetricName=properties.get("metricName"),
        Namespace=properties.get("namespace"),
        Dimensions=dimensions or None,
    )


def _told_statistic(answer: Properties) -> Properties:
    return {
        "metricName": answer.get("MetricName"),
        "namespace": answer.get("Namespace"),
        "dimensions": {each["Name"]: each["Value"] for each in answer.get("Dimensions", [])},
    }


def _told_query(answer: Properties) -> Properties:
    measured = answer.get("MetricStat", {})
    statistic = {"period": measured.get("Period"), "stat": measured.get("Stat")}
    return {
        "id": answer["Id"],
        "expression": answer.get("Expression"),
        "label": answer.get("Label"),
        "returnData": answer.get("ReturnData"),
        "metric": measured and {**_told_statistic(measured["Metric"]), **statistic},
    }


def _query(query: Properties) -> dict[str, Any]:
    metric = query.get("metric")
    return given(
        Id=query["id"],
        Expression=query.get("expression"),
        Label=query.get("label"),
        ReturnData=query.get("returnData", False),
        MetricStat=metric
        and {"Metric": _statistic(metric), "Period": metric["period"], "Stat": metric["stat"]},
    )


@emulates("aws:cloudwatch/metricAlarm:MetricAlarm")
class MetricAlarm(Emulation):
    """An alarm on a metric or an expression."""

    SIMPLE: ClassVar = {
        "ComparisonOperator": "comparisonOperator",
        "EvaluationPeriods": "evaluationPeriods",
        "DatapointsToAlarm": "datapointsToAlarm",
        "Threshold": "threshold",
        "ThresholdMetricId": "thresholdMetricId",
        "Period": "period",
        "Statistic": "statistic",
        "ExtendedStatistic": "extendedStatistic",
        "TreatMissingData": "treatMissingData",
        "AlarmDescription": "alarmDescription",
        "AlarmActions": "alarmActions",
        "OKActions": "okActions",
    }
    unset = MappingProxyType({"actionsEnabled": True, "treatMissingData": "missing"})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the alarm."""
        self._put(call, Tags=call.tag_list)
        name = call.inputs["name"]
        return name, {"arn": call.arn("cloudwatch", f"alarm:{name}")}

    def update(self, call: Call) -> Properties:
        """Replace the definition, and the tags apart from it: PutMetricAlarm takes them only at first."""
        self._put(call)
        watch, arn = call.aws("cloudwatch"), call.before["arn"]
        call.retag(
            lambda: watch.tag_resource(ResourceARN=arn, Tags=call.tag_list),
            lambda keys: watch.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell the definition and tags."""
        watch, arn = call.aws("cloudwatch"), call.arn("cloudwatch", f"alarm:{call.id}")
        alarms = watch.describe_alarms(AlarmNames=[call.id])["MetricAlarms"]
        if not alarms:
            return None
        return {
            "name": call.id,
            "arn": arn,
            "actionsEnabled": alarms[0].get("ActionsEnabled", True),
            "metricQueries": [_told_query(query) for query in alarms[0].get("Metrics", [])],
            "tagsAll": pairs(watch.list_tags_for_resource(ResourceARN=arn)["Tags"]),
            **_told_statistic(alarms[0]),
            **{key: alarms[0].get(name) for name, key in self.SIMPLE.items()},
        }

    def delete(self, call: Call) -> None:
        """Delete the alarm."""
        call.aws("cloudwatch").delete_alarms(AlarmNames=[call.id])

    def _put(self, call: Call, **first: Any) -> None:
        inputs = call.inputs
        queries = [_query(query) for query in inputs.get("metricQueries", [])]
        call.aws("cloudwatch").put_metric_alarm(
            AlarmName=inputs["name"],
            ActionsEnabled=inputs.get("actionsEnabled", True),
            **first,
            **_statistic(inputs),
            **given(Metrics=queries or None, **{name: inputs.get(key) for name, key in self.SIMPLE.items()}),
        )


@emulates("aws:cloudwatch/dashboard:Dashboard")
class Dashboard(Emulation):
    """A dashboard."""

    replaces = frozenset({"dashboardName"})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the dashboard."""
        self.update(call)
        name = call.inputs["dashboardName"]
        return name, {"dashboardArn": call.arn("cloudwatch", f"dashboard/{name}", region=False)}

    def update(self, call: Call) -> Properties:
        """Replace the body."""
        call.aws("cloudwatch").put_dashboard(
            DashboardName=call.inputs["dashboardName"], DashboardBody=call.inputs["dashboardBody"]
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell the body."""
        return {
            "dashboardName": call.id,
            "dashboardArn": call.arn("cloudwatch", f"dashboard/{call.id}", region=False),
            "dashboardBody": call.aws("cloudwatch").get_dashboard(DashboardName=call.id)["DashboardBody"],
        }

    def delete(self, call: Call) -> None:
        """Delete the dashboard."""
        call.aws("cloudwatch").delete_dashboards(DashboardNames=[call.id])
