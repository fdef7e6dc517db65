"""Lambda: layers, aliases, permissions and the other settings of functions."""

from collections.abc import Iterator

from local.provider.refusals.constraints import arn, at_least, length, of_model, one_of, pattern
from local.provider.refusals.lambda_functions import LAYER
from local.provider.refusals.registry import at_deploy, constrain
from local.provider.refusals.situation import Situation

ALIAS, PERMISSION = "aws:lambda/alias:Alias", "aws:lambda/permission:Permission"
INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
URL = "aws:lambda/functionUrl:FunctionUrl"

_ANY_FUNCTION = of_model("lambda", "NamespacedFunctionName")

constrain(
    LAYER,
    "PublishLayerVersion",
    error="ValidationException",
    page="PublishLayerVersion - AWS Lambda API Reference",
    inputs={
        "layerName": pattern(
            r"[a-zA-Z0-9-_]{1,140}|arn:.+", "1 to 140 letters, digits, hyphens and underscores"
        ),
        "description": of_model("lambda", "Description"),
        "licenseInfo": of_model("lambda", "LicenseInfo"),
        "compatibleRuntimes": length(0, 15, "runtimes"),
        "compatibleRuntimes[]": of_model("lambda", "Runtime"),
        "compatibleArchitectures[]": of_model("lambda", "Architecture"),
    },
)
constrain(
    ALIAS,
    "CreateAlias",
    error="ValidationException",
    page="CreateAlias - AWS Lambda API Reference",
    inputs={
        "name": of_model("lambda", "Alias"),
        "description": of_model("lambda", "Description"),
        "functionName": _ANY_FUNCTION,
        "functionVersion": of_model("lambda", "VersionWithLatestPublished"),
    },
)
constrain(
    PERMISSION,
    "AddPermission",
    error="ValidationException",
    page="AddPermission - AWS Lambda API Reference",
    inputs={
        "statementId": of_model("lambda", "StatementId"),
        "action": of_model("lambda", "Action"),
        "function": _ANY_FUNCTION,
        "principal": of_model("lambda", "Principal"),
        "sourceArn": arn(),
        "sourceAccount": of_model("lambda", "SourceOwner"),
        "functionUrlAuthType": of_model("lambda", "FunctionUrlAuthType"),
    },
)
constrain(
    INVOKE_CONFIG,
    "PutFunctionEventInvokeConfig",
    error="ValidationException",
    page="PutFunctionEventInvokeConfig - AWS Lambda API Reference",
    inputs={
        "functionName": _ANY_FUNCTION,
        "maximumRetryAttempts": of_model("lambda", "MaximumRetryAttempts"),
        "maximumEventAgeInSeconds": of_model("lambda", "MaximumEventAgeInSeconds"),
        "destinationConfig.onFailure.destination": arn(),
        "destinationConfig.onSuccess.destination": arn(),
    },
)
constrain(
    PROVISIONED,
    "PutProvisionedConcurrencyConfig",
    error="ValidationException",
    page="PutProvisionedConcurrencyConfig - AWS Lambda API Reference",
    inputs={
        "functionName": _ANY_FUNCTION,
        "qualifier": length(1, 128),
        "provisionedConcurrentExecutions": at_least(1),
    },
)
constrain(
    URL,
    "CreateFunctionUrlConfig",
    error="ValidationException",
    page="CreateFunctionUrlConfig - AWS Lambda API Reference",
    inputs={
        "functionName": _ANY_FUNCTION,
        "authorizationType": of_model("lambda", "FunctionUrlAuthType"),
        "invokeMode": of_model("lambda", "InvokeMode"),
        "cors.maxAge": of_model("lambda", "MaxAge"),
        "cors.allowMethods[]": one_of("*", "GET", "PUT", "HEAD", "POST", "PATCH", "DELETE"),
    },
)


@at_deploy(ALIAS, error="ResourceNotFoundException", operation="CreateAlias", page="Lambda function aliases")
def version_of_the_alias(situation: Situation) -> Iterator[str]:
    """An alias points at a version that was published."""
    name, version = situation.inputs["functionName"].split(":")[-1], str(situation.inputs["functionVersion"])
    client = situation.client("lambda")
    try:
        client.get_function_configuration(FunctionName=name, Qualifier=version)
    except client.exceptions.ResourceNotFoundException:
        yield (
            "Function not found: "
            f"arn:aws:lambda:{situation.region}:{situation.account}:function:{name}:{version}"
        )
