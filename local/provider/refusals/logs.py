"""CloudWatch Logs: log groups and metric filters."""

from collections.abc import Iterator

from local.provider.refusals.access import key_exists, service_may_use_key
from local.provider.refusals.constraints import length, of_model, one_of, pattern
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation

LOG_GROUP, METRIC_FILTER = (
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
)
CREATE = "CreateLogGroup - Amazon CloudWatch Logs API Reference"
RETENTION = "PutRetentionPolicy - Amazon CloudWatch Logs API Reference"
ENCRYPTION = "Encrypt log data in CloudWatch Logs using AWS Key Management Service"
FILTER = "PutMetricFilter - Amazon CloudWatch Logs API Reference"
DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
_USES = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")

constrain(
    LOG_GROUP,
    "CreateLogGroup",
    error="InvalidParameterException",
    page=CREATE,
    inputs={
        "name": of_model("logs", "LogGroupName"),
        "logGroupClass": of_model("logs", "LogGroupClass"),
        "kmsKeyId": of_model("logs", "KmsKeyId"),
    },
)
# The provider writes 0 for a group that keeps its events for ever.
constrain(
    LOG_GROUP,
    "PutRetentionPolicy",
    error="InvalidParameterException",
    page=RETENTION,
    inputs={"retentionInDays": one_of(0, *DAYS)},
)
constrain(
    METRIC_FILTER,
    "PutMetricFilter",
    error="InvalidParameterException",
    page=FILTER,
    inputs={
        "name": of_model("logs", "FilterName"),
        "logGroupName": of_model("logs", "LogGroupName"),
        "pattern": of_model("logs", "FilterPattern"),
        "metricTransformation.name": of_model("logs", "MetricName"),
        "metricTransformation.namespace": of_model("logs", "MetricNamespace"),
        "metricTransformation.value": of_model("logs", "MetricValue"),
        "metricTransformation.unit": of_model("logs", "StandardUnit"),
        "metricTransformation.dimensions": length(0, 3, "dimensions"),
        "metricTransformation.defaultValue": pattern(r"-?\d+(\.\d+)?([eE]-?\d+)?", "a number"),
    },
)


@at_check(METRIC_FILTER, error="InvalidParameterException", operation="PutMetricFilter", page=FILTER)
def default_or_dimensions(inputs: Inputs) -> Iterator[Fault]:
    """A metric filter has a default value or dimensions, not both."""
    if "metricTransformation.defaultValue" in inputs and "metricTransformation.dimensions" in inputs:
        yield (
            "metricTransformation.defaultValue",
            "Invalid metric transformation: dimensions and default value are set",
        )


@at_deploy(LOG_GROUP, error="InvalidParameterException", operation="CreateLogGroup", page=ENCRYPTION)
def key_of_the_log_group(situation: Situation) -> Iterator[str]:
    """The key of a log group exists in its region."""
    key = situation.get("kmsKeyId")
    if key and not key_exists(key, situation):
        yield f"The specified KMS Key Id could not be found. {situation.get('name')}"


@at_deploy(LOG_GROUP, error="AccessDeniedException", operation="CreateLogGroup", page=ENCRYPTION)
def key_admits_the_logs(situation: Situation) -> Iterator[str]:
    """The policy of a log group's key lets CloudWatch Logs of the region use it for this group."""
    key = situation.get("kmsKeyId")
    if not key or not key_exists(key, situation):
        return
    arn = f"arn:aws:logs:{situation.region}:{situation.account}:log-group:{situation.get('name')}"
    values = {"kms:EncryptionContext:aws:logs:arn": arn, "kms:EncryptionContextKeys": "aws:logs:arn"}
    values |= {"aws:SourceArn": arn, "aws:SourceAccount": situation.account}
    service = f"logs.{situation.region}.amazonaws.com"
    if not all(service_may_use_key(service, action, key, situation, values) for action in _USES):
        yield f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"


@at_deploy(LOG_GROUP, error="ResourceAlreadyExistsException", operation="CreateLogGroup", page=CREATE)
def log_group_exists_once(situation: Situation) -> Iterator[str]:
    """A log group's name is free in its region."""
    name = situation.get("name")
    if situation.creates and any(
        one.get("name") == name and one.get("region", situation.region) == situation.region
        for one in situation.of_type(LOG_GROUP)
    ):
        yield "The specified log group already exists"


@at_deploy(METRIC_FILTER, error="ResourceNotFoundException", operation="PutMetricFilter", page=FILTER)
def group_of_the_filter(situation: Situation) -> Iterator[str]:
    """The log group of a metric filter exists."""
    name = situation.inputs["logGroupName"]
    if not situation.find(LOG_GROUP, name=name):
        found = situation.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if not any(group["logGroupName"] == name for group in found):
            yield "The specified log group does not exist."
