"""Lambda: functions, layers, aliases and their settings."""

import re
import zipfile
from collections.abc import Iterator

from local.provider.refusals.access import key_exists, role_may
from local.provider.refusals.constraints import arn, at_least, between, length, of_model, pattern
from local.provider.refusals.places import Inputs
from local.provider.refusals.principals import trusts
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation
from local.provider.values import Properties, store_archive

FUNCTION, LAYER = "aws:lambda/function:Function", "aws:lambda/layerVersion:LayerVersion"
QUOTAS, VARIABLES = "Lambda quotas", "Working with Lambda environment variables"
CREATE = "CreateFunction - AWS Lambda API Reference"
CONCURRENCY = "Configuring reserved concurrency for a function"
ACCOUNT_CONCURRENCY, KEPT_UNRESERVED = 1000, 100
MEGABYTE = 1024 * 1024

_FUNCTION_NAME = pattern(r"[a-zA-Z0-9-_]{1,64}", "1 to 64 letters, digits, hyphens and underscores")
_RESERVED = frozenset(
    """_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE
    AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID
    AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT
    LAMBDA_RUNTIME_DIR""".split()  # noqa: SIM905 - a list would take a screen
)

constrain(
    FUNCTION,
    "CreateFunction",
    error="ValidationException",
    page=CREATE,
    inputs={
        "name": _FUNCTION_NAME,
        "description": of_model("lambda", "Description"),
        "role": of_model("lambda", "RoleArn"),
        "handler": pattern(r"[^\s]{1,128}", "1 to 128 characters without space"),
        "runtime": of_model("lambda", "Runtime"),
        "memorySize": between(128, 10_240),
        "timeout": between(1, 900),
        "packageType": of_model("lambda", "PackageType"),
        "architectures": length(1, 1, "architectures"),
        "architectures[]": of_model("lambda", "Architecture"),
        "ephemeralStorage.size": between(512, 10_240),
        "tracingConfig.mode": of_model("lambda", "TracingMode"),
        "loggingConfig.logFormat": of_model("lambda", "LogFormat"),
        "loggingConfig.applicationLogLevel": of_model("lambda", "ApplicationLogLevel"),
        "loggingConfig.systemLogLevel": of_model("lambda", "SystemLogLevel"),
        "loggingConfig.logGroup": of_model("lambda", "LogGroup"),
        "deadLetterConfig.targetArn": arn("sqs") | arn("sns"),
        "reservedConcurrentExecutions": at_least(-1),
        "kmsKeyArn": of_model("lambda", "KMSKeyArn"),
        "layers": length(0, 5, "layers"),
        "layers[]": of_model("lambda", "LayerVersionArn"),
    },
)


@at_check(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=VARIABLES)
def environment_keys(inputs: Inputs) -> Iterator[Fault]:
    """Environment variables begin with a letter, and none is one that Lambda reserves."""
    for key in inputs.keys("environment.variables"):
        if key in _RESERVED:
            yield (
                f"environment.variables.{key}",
                "Lambda was unable to configure your environment variables because the environment "
                "variables "
                "you have provided contains reserved keys that are currently not supported for "
                "modification. "
                f"Reserved keys used in this request: {key}",
            )
        elif not re.fullmatch(r"[a-zA-Z]\w+", key):
            yield f"environment.variables.{key}", "is no letter followed by letters, digits and underscores"


@at_check(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=QUOTAS)
def environment_size(inputs: Inputs) -> Iterator[Fault]:
    """Environment variables take no more than 4 KB, names and values together."""
    variables = inputs.get("environment.variables") or {}
    size = sum(len(str(key).encode()) + len(str(value).encode()) for key, value in variables.items())
    if size > 4096:
        yield (
            "environment.variables",
            "Lambda was unable to configure your environment variables because the environment variables you "
            f"have provided exceeded the 4KB limit: {size} bytes",
        )


@at_check(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=CREATE)
def code_package(inputs: Inputs) -> Iterator[Fault]:
    """A zip function has handler, runtime and code; an image function has an image and neither of them."""
    image = inputs.get("packageType") == "Image"
    for name in ("handler", "runtime"):
        if (name in inputs) == image:
            yield name, "cannot be set for packageType Image" if image else "is needed for packageType Zip"
    if image and "imageUri" not in inputs:
        yield "imageUri", "is needed for packageType Image"
    if not image and not any(name in inputs for name in ("code", "s3Bucket")):
        yield "code", "is needed for packageType Zip, or s3Bucket and s3Key"


@at_check(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=CREATE)
def log_levels(inputs: Inputs) -> Iterator[Fault]:
    """Log levels are for the JSON log format."""
    if inputs.get("loggingConfig.logFormat") == "Text":
        for name in ("applicationLogLevel", "systemLogLevel"):
            if inputs.get(f"loggingConfig.{name}"):
                yield f"loggingConfig.{name}", "cannot be set with logFormat Text"


@at_deploy(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=CREATE)
def assumed_role(situation: Situation) -> Iterator[str]:
    """A function's role exists and lets Lambda assume it."""
    if not trusts(situation.inputs["role"], "lambda.amazonaws.com", situation):
        yield "The role defined for the function cannot be assumed by Lambda."


@at_deploy(
    FUNCTION, error="InvalidParameterValueException", operation="PutFunctionConcurrency", page=CONCURRENCY
)
def reserved_concurrency(situation: Situation) -> Iterator[str]:
    """All functions of a region reserve no more than 1,000 less the 100 that stay unreserved."""
    reserved = situation.get("reservedConcurrentExecutions", -1)
    if reserved < 0:
        return
    taken = [one.get("reservedConcurrentExecutions") or 0 for one in _of_the_region(situation)]
    if reserved + sum(number for number in taken if number > 0) > ACCOUNT_CONCURRENCY - KEPT_UNRESERVED:
        yield (
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{KEPT_UNRESERVED}]."
        )


def _of_the_region(situation: Situation) -> Iterator[Properties]:
    for one in situation.of_type(FUNCTION):
        if one.get("region", situation.region) == situation.region:
            yield one


@at_deploy(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=CREATE)
def dead_letters_of_the_function(situation: Situation) -> Iterator[str]:
    """A function's role may send to its dead-letter queue or topic."""
    target = (situation.get("deadLetterConfig") or {}).get("targetArn")
    if not target:
        return
    service = target.split(":")[2]
    action = {"sqs": "SendMessage", "sns": "Publish"}[service]
    if role_may(situation.inputs["role"], f"{service}:{action}", target, situation) is False:
        yield f"The provided execution role does not have permissions to call {action} on {service.upper()}"


@at_deploy(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=CREATE)
def layers_of_the_function(situation: Situation) -> Iterator[str]:
    """A function's layers exist, once each, and are made for its runtime and architecture."""
    architecture = (situation.get("architectures") or ["x86_64"])[0]
    names = [layer.rpartition(":")[0] for layer in situation.get("layers", [])]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        yield f"Two different versions of the same layer are not allowed to be referenced: {repeated[0]}"
    for arn_of_layer in situation.get("layers", []):
        layer = situation.find(LAYER, arn=arn_of_layer)
        if not layer:
            if arn_of_layer.split(":")[4] == situation.account:
                yield f"Layer version {arn_of_layer} does not exist."
            continue
        for wanted, made_for in (
            (architecture, layer.get("compatibleArchitectures")),
            (situation.get("runtime"), layer.get("compatibleRuntimes")),
        ):
            if wanted and made_for and wanted not in made_for:
                yield f"Layer {arn_of_layer} is made for {', '.join(made_for)}, and the function is {wanted}"


@at_deploy(FUNCTION, LAYER, error="RequestEntityTooLargeException", operation="CreateFunction", page=QUOTAS)
def size_of_the_zip(situation: Situation) -> Iterator[str]:
    """An archive that is sent directly, not by a bucket, has at most 50 MB."""
    if code := situation.get("code"):
        size = store_archive(code, situation.cloud.code_folder).stat().st_size
        if size > 50 * MEGABYTE:
            yield (
                f"Request must be smaller than {50 * MEGABYTE} bytes for the operation; the archive "
                f"has {size}"
            )


@at_deploy(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=QUOTAS)
def size_unzipped(situation: Situation) -> Iterator[str]:
    """Code and layers together have at most 250 MB unzipped."""
    code = situation.get("code")
    archives = [store_archive(code, situation.cloud.code_folder)] if code else []
    for layer in situation.get("layers", []):
        if known := situation.find(LAYER, arn=layer):
            archives.append(known["code"])
    size = 0
    for archive in archives:
        with zipfile.ZipFile(archive) as opened:
            size += sum(entry.file_size for entry in opened.infolist())
    if size > 250 * MEGABYTE:
        yield f"Unzipped size must be smaller than {250 * MEGABYTE} bytes; code and layers have {size}"


@at_deploy(FUNCTION, error="InvalidParameterValueException", operation="CreateFunction", page=VARIABLES)
def key_of_the_function(situation: Situation) -> Iterator[str]:
    """The key that encrypts a function's environment exists in its region."""
    key = situation.get("kmsKeyArn")
    if key and not key_exists(key, situation):
        yield f"The provided KMS key {key} is invalid: it does not exist or is not enabled."
