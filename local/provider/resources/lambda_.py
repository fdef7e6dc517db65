"""Lambda functions, layers and aliases.

moto holds them for inspection. The runner executes the archive that `store_archive` kept at deployment, and
polls the event source mappings, which stay in state: moto's own poller knows no partial failure.
"""

import base64
import hashlib
from pathlib import Path
from types import MappingProxyType
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
    unset = MappingProxyType(
        {"timeout": 3, "memorySize": 128, "reservedConcurrentExecutions": -1, "architectures": ["x86_64"]}
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

    def read(self, call: Call) -> Properties:
        """Tell settings, concurrency and tags; moto changes neither tracing nor the key of a function.

        Code that somebody else uploaded cannot be shown as an archive: then the function has none of ours,
        and until the next update the runner goes on with ours.
        """
        found = call.aws("lambda").get_function(FunctionName=call.id)
        settings, concurrency = found["Configuration"], found.get("Concurrency", {})
        told = {
            "name": settings["FunctionName"],
            "arn": settings["FunctionArn"],
            "role": settings["Role"],
            "handler": settings.get("Handler"),
            "runtime": settings.get("Runtime"),
            "description": settings.get("Description"),
            "timeout": settings["Timeout"],
            "memorySize": settings["MemorySize"],
            "layers": [layer["Arn"] for layer in settings.get("Layers", [])],
            "environment": {"variables": settings.get("Environment", {}).get("Variables", {})},
            "architectures": settings.get("Architectures", ["x86_64"]),
            "reservedConcurrentExecutions": concurrency.get("ReservedConcurrentExecutions", -1),
            "tagsAll": found.get("Tags", {}),
        }
        ours = call.before.get("codeSha256") in (None, settings["CodeSha256"])
        return told if ours else told | {"code": None}

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
    identified_by = "its ARN, with the version"

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
        return answer["LayerVersionArn"], _code_outputs(archive) | self._outputs(answer)

    def read(self, call: Call) -> Properties:
        """Tell description, runtimes and architectures."""
        *_, layer, version = call.id.split(":")
        answer = call.aws("lambda").get_layer_version(LayerName=layer, VersionNumber=int(version))
        return self._outputs(answer) | {
            "layerName": layer,
            "description": answer.get("Description"),
            "compatibleRuntimes": answer.get("CompatibleRuntimes"),
            "compatibleArchitectures": answer.get("CompatibleArchitectures"),
        }

    def _outputs(self, answer: Properties) -> Properties:
        arn, version = answer["LayerVersionArn"], str(answer["Version"])
        return {
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
    identified_by = "its ARN, or function/alias"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the alias."""
        answer = call.aws("lambda").create_alias(
            FunctionName=call.inputs["functionName"],
            Name=call.inputs["name"],
            FunctionVersion=call.inputs["functionVersion"],
            Description=call.inputs.get("description", ""),
        )
        return answer["AliasArn"], self._outputs(call, answer["AliasArn"])

    def update(self, call: Call) -> Properties:
        """Point the alias at another version."""
        call.aws("lambda").update_alias(
            FunctionName=call.inputs["functionName"],
            Name=call.inputs["name"],
            FunctionVersion=call.inputs["functionVersion"],
            Description=call.inputs.get("description", ""),
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell version and description."""
        function, name = call.id.split("/") if "/" in call.id else call.id.split(":")[-2:]
        alias = call.aws("lambda").get_alias(FunctionName=function, Name=name)
        return self._outputs(call, alias["AliasArn"]) | {
            "name": alias["Name"],
            "functionName": call.before.get("functionName", function),
            "functionVersion": alias["FunctionVersion"],
            "description": alias.get("Description"),
        }

    def _outputs(self, call: Call, arn: str) -> Properties:
        invoke = f"arn:aws:apigateway:{call.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
        return {"arn": arn, "invokeArn": invoke}

    def delete(self, call: Call) -> None:
        """Delete the alias."""
        call.aws("lambda").delete_alias(FunctionName=call.before["functionName"], Name=call.before["name"])
