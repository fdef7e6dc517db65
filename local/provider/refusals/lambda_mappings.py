"""Lambda: event source mappings, and what destinations need of a function's role."""

from collections.abc import Iterator

from local.provider.refusals.access import role_may
from local.provider.refusals.constraints import arn, between, of_model
from local.provider.refusals.lambda_functions import FUNCTION
from local.provider.refusals.lambda_settings import INVOKE_CONFIG
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation
from local.provider.refusals.sqs import QUEUE
from local.provider.values import Properties

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
CREATE = "CreateEventSourceMapping - AWS Lambda API Reference"
SQS = "Creating and configuring an Amazon SQS event source mapping"
DESTINATIONS = "Capturing records of Lambda asynchronous invocations"
_ONLY_STREAMS = (
    "startingPosition",
    "startingPositionTimestamp",
    "parallelizationFactor",
    "bisectBatchOnFunctionError",
    "maximumRetryAttempts",
    "maximumRecordAgeInSeconds",
    "tumblingWindowInSeconds",
    "destinationConfig",
)
_SENDS = {"sqs": "SendMessage", "sns": "Publish", "lambda": "InvokeFunction", "events": "PutEvents"}

constrain(
    MAPPING,
    "CreateEventSourceMapping",
    error="ValidationException",
    page=CREATE,
    inputs={
        "eventSourceArn": arn(),
        "functionName": of_model("lambda", "NamespacedFunctionName"),
        "batchSize": between(1, 10_000),
        "maximumBatchingWindowInSeconds": between(0, 300),
        "scalingConfig.maximumConcurrency": of_model("lambda", "MaximumConcurrency"),
        "functionResponseTypes[]": of_model("lambda", "FunctionResponseType"),
        "parallelizationFactor": of_model("lambda", "ParallelizationFactor"),
        "maximumRetryAttempts": of_model("lambda", "MaximumRetryAttemptsEventSourceMapping"),
        "maximumRecordAgeInSeconds": of_model("lambda", "MaximumRecordAgeInSeconds"),
        "tumblingWindowInSeconds": of_model("lambda", "TumblingWindowInSeconds"),
        "startingPosition": of_model("lambda", "EventSourcePosition"),
        "destinationConfig.onFailure.destinationArn": arn(),
        "filterCriteria.filters[].pattern": of_model("lambda", "Pattern"),
    },
)


def _service(inputs: Inputs) -> str:
    source = str(inputs.get("eventSourceArn", ""))
    return source.split(":")[2] if source.count(":") > 4 else ""


@at_check(MAPPING, error="InvalidParameterValueException", operation="CreateEventSourceMapping", page=SQS)
def batches_of_a_queue(inputs: Inputs) -> Iterator[Fault]:
    """Batches of more than 10 messages need a window of a second; FIFO queues have at most 10."""
    size, window = inputs.get("batchSize", 10), inputs.get("maximumBatchingWindowInSeconds", 0)
    if _service(inputs) != "sqs":
        return
    if str(inputs.get("eventSourceArn")).endswith(".fifo"):
        if size > 10:
            yield "batchSize", f"{size} is more than the 10 of a FIFO queue"
        if window:
            yield "maximumBatchingWindowInSeconds", "Batching window is not supported for FIFO queues"
    elif size > 10 and window < 1:
        yield (
            "maximumBatchingWindowInSeconds",
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
            "than 10, "
            f"and batchSize is {size}",
        )


@at_check(MAPPING, error="InvalidParameterValueException", operation="CreateEventSourceMapping", page=CREATE)
def settings_of_streams(inputs: Inputs) -> Iterator[Fault]:
    """A mapping of a queue takes none of the settings of streams, and a mapping of a stream a position."""
    service = _service(inputs)
    for name in _ONLY_STREAMS if service == "sqs" else ():
        if name in inputs:
            yield name, "is not supported for event source mappings of SQS"
    if service in ("dynamodb", "kinesis") and "startingPosition" not in inputs:
        yield "startingPosition", "is required for event source mappings of streams"
    if service in ("dynamodb", "kinesis") and "scalingConfig" in inputs:
        yield "scalingConfig", "is supported for event source mappings of SQS alone"


def _function(situation: Situation) -> Properties | None:
    name = str(situation.inputs["functionName"])
    plain = name.split(":")[6] if name.startswith("arn:") else name.split(":")[0]
    return situation.find(FUNCTION, name=plain)


def _queue(situation: Situation) -> Properties | None:
    return situation.find(QUEUE, arn=situation.get("eventSourceArn"))


@at_deploy(MAPPING, error="InvalidParameterValueException", operation="CreateEventSourceMapping", page=SQS)
def visibility_of_the_queue(situation: Situation) -> Iterator[str]:
    """A queue hides messages for at least as long as the function that takes them may run."""
    function, queue = _function(situation), _queue(situation)
    if function and queue:
        visible, timeout = queue.get("visibilityTimeoutSeconds", 30), function.get("timeout", 3)
        if visible < timeout:
            yield (
                f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} "
                "seconds"
            )


@at_deploy(
    FUNCTION, error="InvalidParameterValueException", operation="UpdateFunctionConfiguration", page=SQS
)
def timeout_of_a_mapped_function(situation: Situation) -> Iterator[str]:
    """A function that a queue feeds may not run for longer than the queue hides messages."""
    timeout, name = situation.get("timeout", 3), situation.get("name")
    for mapping in situation.of_type(MAPPING):
        queue = situation.find(QUEUE, arn=mapping.get("eventSourceArn"))
        fed = str(mapping["functionName"]).split(":")
        if queue and name in (fed[0], *fed[6:7]) and queue.get("visibilityTimeoutSeconds", 30) < timeout:
            visible = queue.get("visibilityTimeoutSeconds", 30)
            yield (
                f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} "
                "seconds"
            )


@at_deploy(MAPPING, error="InvalidParameterValueException", operation="CreateEventSourceMapping", page=SQS)
def role_reads_the_queue(situation: Situation) -> Iterator[str]:
    """A function's role may receive and delete messages of its queue, and read the queue's attributes."""
    function, queue = _function(situation), _queue(situation)
    if not function or not queue:
        return
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        if role_may(function["role"], f"sqs:{action}", queue["arn"], situation) is False:
            yield f"The provided execution role does not have permissions to call {action} on SQS"
            return


@at_deploy(MAPPING, error="InvalidParameterValueException", operation="CreateEventSourceMapping", page=CREATE)
def role_reads_the_stream(situation: Situation) -> Iterator[str]:
    """A function's role may read the stream of a table that feeds it."""
    function, source = _function(situation), str(situation.get("eventSourceArn", ""))
    if not function or not source.startswith("arn:aws:dynamodb:"):
        return
    for action in ("GetRecords", "GetShardIterator", "DescribeStream"):
        if role_may(function["role"], f"dynamodb:{action}", source, situation) is False:
            yield (
                "Cannot access stream " + source + ". Please ensure the role can perform the GetRecords, "
                "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
            )
            return


@at_deploy(MAPPING, error="InvalidParameterValueException", operation="CreateEventSourceMapping", page=SQS)
def source_of_the_mapping(situation: Situation) -> Iterator[str]:
    """The queue of a mapping exists, in the function's own region."""
    source = str(situation.get("eventSourceArn", ""))
    parts = source.split(":")
    if len(parts) < 6 or parts[2] != "sqs" or parts[4] != situation.account:
        return
    if parts[3] != situation.region:
        yield f"Event source {source} is in another region than the function: {situation.region}"
    elif not _queue(situation):
        sqs = situation.client("sqs")
        try:
            sqs.get_queue_url(QueueName=parts[5])
        except sqs.exceptions.QueueDoesNotExist:
            yield (
                "Error occurred while ReceiveMessage. SQS Error Code: "
                f"AWS.SimpleQueueService.NonExistentQueue: {source}"
            )


@at_deploy(MAPPING, error="ResourceNotFoundException", operation="CreateEventSourceMapping", page=CREATE)
def function_of_the_mapping(situation: Situation) -> Iterator[str]:
    """The function of a mapping exists, and so does the alias or version that is named with it."""
    name = str(situation.inputs["functionName"])
    parts = name.split(":")[6:] if name.startswith("arn:") else name.split(":")
    client = situation.client("lambda")
    try:
        client.get_function_configuration(FunctionName=parts[0])
        if len(parts) > 1 and parts[1].isdigit():
            client.get_function_configuration(FunctionName=parts[0], Qualifier=parts[1])
        elif len(parts) > 1 and parts[1] != "$LATEST":
            client.get_alias(FunctionName=parts[0], Name=parts[1])
    except client.exceptions.ResourceNotFoundException:
        yield f"Function does not exist: {name}"


@at_deploy(MAPPING, error="ResourceConflictException", operation="CreateEventSourceMapping", page=CREATE)
def one_mapping_of_a_pair(situation: Situation) -> Iterator[str]:
    """A queue feeds a function by one mapping."""
    source, function = situation.get("eventSourceArn"), situation.inputs["functionName"]
    for other in situation.of_type(MAPPING):
        if source and (other.get("eventSourceArn"), other.get("functionName")) == (source, function):
            yield (
                f'The event source arn (" {source} ") and function (" {function} ") provided mapping already '
                f"exists. Please update or delete the existing mapping with UUID {other['id']}"
            )


@at_deploy(
    INVOKE_CONFIG,
    error="InvalidParameterValueException",
    operation="PutFunctionEventInvokeConfig",
    page=DESTINATIONS,
)
def role_sends_to_destinations(situation: Situation) -> Iterator[str]:
    """A function's role may send to the destinations of its asynchronous invocations."""
    function = _function(situation)
    for outcome in ("onFailure", "onSuccess"):
        target = ((situation.get("destinationConfig") or {}).get(outcome) or {}).get("destination")
        service = target.split(":")[2] if target else ""
        action = _SENDS.get(service)
        if not function or not action:
            continue
        if role_may(function["role"], f"{service}:{action}", str(target), situation) is False:
            yield (
                f"The provided execution role does not have permissions to call {action} on {service.upper()}"
            )
