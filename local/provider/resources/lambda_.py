"""Lambda functions, layers and aliases.

moto holds them for inspection. The runner executes the archive that `store_archive` kept at deployment, and
polls the event source mappings, which stay in state: moto's own poller knows no partial failure.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

from local.provider.emulation import Call, Emulation, emulates, given
from local.provider.values import Properties, store_archive


def _stored(call: Call) -> Path:
    return store_archive(call.inputs["code"], call.cloud.code_folder)


def _code_outputs(archive: Path) -> Properties:
    content = archive.read_bytes()
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"codeSha256": digest, "sourceCodeHash": digest, "sourceCodeSize": len(content)}


def _configuration(inputs: Properties) -> dict[str, Any]:
    """Return every setting, or AWS's default: an update leaves alone what it is not told."""
    return given(
        Role=inputs["role"],
        Handler=inputs.get("handler"),
        Runtime=inputs.get("runtime"),
        Description=inputs.get("description", ""),
        Timeout=inputs.get("timeout", 3),
        MemorySize=inputs.get("memorySize", 128),
        KMSKeyArn=inputs.get("kmsKeyArn", ""),
        Layers=inputs.get("layers", []),
        Environment={"Variables": inputs.get("environment", {}).get("variables", {})},
        TracingConfig={"Mode": inputs.get("tracingConfig", {}).get("mode", "PassThrough")},
    )


@emulates("aws:lambda/function:Function")
class Function(Emulation):
    """A function; with `publish`, each change of code or configuration is a new version."""

    changing = frozenset(
        {"version", "qualifiedArn", "qualifiedInvokeArn", "lastModified", "codeSha256", "sourceCodeHash"}
    )

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the function."""
        inputs = call.inputs
        archive = _stored(call)
        answer = call.aws("lambda").create_function(
            FunctionName=inputs["name"],
            Code={"ZipFile": archive.read_bytes()},
            Publish=False,
            Tags=call.tags,
            **_configuration(inputs),
            **given(Architectures=inputs.get("architectures")),
        )
        return inputs["name"], self._finish(call, archive, answer["FunctionArn"])

    def update(self, call: Call) -> Properties:
        """Bring code, configuration and tags up to date."""
        lambda_ = call.aws("lambda")
        archive, arn = _stored(call), call.before["arn"]
        lambda_.update_function_code(FunctionName=call.id, ZipFile=archive.read_bytes())
        lambda_.update_function_configuration(FunctionName=call.id, **_configuration(call.inputs))
        call.retag(
            lambda: lambda_.tag_resource(Resource=arn, Tags=call.tags),
            lambda keys: lambda_.untag_resource(Resource=arn, TagKeys=keys),
        )
        return self._finish(call, archive, arn)

    def delete(self, call: Call) -> None:
        """Delete the function with its versions."""
        call.aws("lambda").delete_function(FunctionName=call.id)

    def _finish(self, call: Call, archive: Path, arn: str) -> Properties:
        """Set concurrency, publish, and return the outputs."""
        lambda_ = call.aws("lambda")
        reserved = call.inputs.get("reservedConcurrentExecutions", -1)
        if reserved >= 0:
            lambda_.put_function_concurrency(
                FunctionName=call.inputs["name"], ReservedConcurrentExecutions=reserved
            )
        elif call.before.get("reservedConcurrentExecutions", -1) >= 0:
            lambda_.delete_function_concurrency(FunctionName=call.inputs["name"])
        version = "$LATEST"
        if call.inputs.get("publish"):
            version = lambda_.publish_version(FunctionName=call.inputs["name"])["Version"]
        path = "arn:aws:apigateway:{0}:lambda:path/2015-03-31/functions/{1}/invocations"
        return _code_outputs(archive) | {
            "arn": arn,
            "version": version,
            "qualifiedArn": f"{arn}:{version}",
            "invokeArn": path.format(call.region, arn),
            "qualifiedInvokeArn": path.format(call.region, f"{arn}:{version}"),
            "lastModified": lambda_.get_function_configuration(FunctionName=call.inputs["name"])[
                "LastModified"
            ],
        }


@emulates("aws:lambda/layerVersion:LayerVersion")
class LayerVersion(Emulation):
    """A layer version, which never changes: another content is another version."""

    replaces = frozenset(
        {"layerName", "code", "compatibleRuntimes", "compatibleArchitectures", "description"}
    )

    def create(self, call: Call) -> tuple[str, Properties]:
        """Publish the version; its id is its ARN."""
        inputs = call.inputs
        archive = _stored(call)
        answer = call.aws("lambda").publish_layer_version(
            LayerName=inputs["layerName"],
            Content={"ZipFile": archive.read_bytes()},
            **given(
                Description=inputs.get("description"),
                CompatibleRuntimes=inputs.get("compatibleRuntimes"),
                CompatibleArchitectures=inputs.get("compatibleArchitectures"),
            ),
        )
        arn = answer["LayerVersionArn"]
        version = str(answer["Version"])
        return arn, _code_outputs(archive) | {
            "arn": arn,
            "layerArn": arn.removesuffix(f":{version}"),
            "version": version,
            "createdDate": answer["CreatedDate"],
        }

    def delete(self, call: Call) -> None:
        """Delete the version."""
        call.aws("lambda").delete_layer_version(
            LayerName=call.before["layerName"], VersionNumber=int(call.before["version"])
        )


@emulates("aws:lambda/alias:Alias")
class FunctionAlias(Emulation):
    """An alias of a function."""

    replaces = frozenset({"name", "functionName"})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the alias."""
        answer = call.aws("lambda").create_alias(
            FunctionName=call.inputs["functionName"],
            Name=call.inputs["name"],
            FunctionVersion=call.inputs["functionVersion"],
            Description=call.inputs.get("description", ""),
        )
        arn = answer["AliasArn"]
        invoke = f"arn:aws:apigateway:{call.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
        return arn, {"arn": arn, "invokeArn": invoke}

    def update(self, call: Call) -> Properties:
        """Point the alias at another version."""
        call.aws("lambda").update_alias(
            FunctionName=call.inputs["functionName"],
            Name=call.inputs["name"],
            FunctionVersion=call.inputs["functionVersion"],
            Description=call.inputs.get("description", ""),
        )
        return {}

    def delete(self, call: Call) -> None:
        """Delete the alias."""
        call.aws("lambda").delete_alias(FunctionName=call.before["functionName"], Name=call.before["name"])
