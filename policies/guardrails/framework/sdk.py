"""The only module that imports pulumi_policy: public names, and private ones checked before use.

The SDK has no public way to learn the stack, to give one diagnostic its own level or to share work between
policies. Its analyzer servicer is therefore replaced, and what that relies on is verified here at import, so
that a changed SDK stops the pack instead of letting it judge by halves.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pulumi_policy
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import policy as sdk_policy
from pulumi_policy.deserialize import (
    SPECIAL_SECRET_SIG as SECRET,
)
from pulumi_policy.deserialize import (
    SPECIAL_SIG_KEY as SIGNATURE,
)
from pulumi_policy.deserialize import (
    deserialize_properties,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy
from pulumi_policy.version import VERSION

from guardrails.framework.errors import SdkChangedError

__all__ = [
    "SECRET",
    "SIGNATURE",
    "UNKNOWN_STRING_VALUE",
    "BasePack",
    "BaseServicer",
    "EnforcementLevel",
    "Policy",
    "ResourceValidationPolicy",
    "Severity",
    "StackValidationPolicy",
    "UnknownValueError",
    "analyzer_pb2",
    "install",
    "plain_properties",
    "unknown_checking_proxy",
    "wire_properties",
]

KNOWN_VERSION = "1.21.0"

BasePack = pulumi_policy.PolicyPack
EnforcementLevel = pulumi_policy.EnforcementLevel
Policy = pulumi_policy.Policy
ResourceValidationPolicy = pulumi_policy.ResourceValidationPolicy
Severity = pulumi_policy.Severity
StackValidationPolicy = pulumi_policy.StackValidationPolicy

_SERVICER = "_PolicyAnalyzerServicer"
_METHODS = {
    "Analyze": ["self", "request", "_context"],
    "AnalyzeStack": ["self", "request", "_context"],
    "Configure": ["self", "request", "_context"],
    "ConfigureStack": ["self", "request", "_context"],
    "GetAnalyzerInfo": ["self", "_request", "_context"],
    "Remediate": ["self", "request", "_context"],
    "_convert_enforcement_level": ["self", "enforcement_level"],
    "_create_report_violation": [
        "self",
        "response",
        "policy_name",
        "policy_description",
        "enforcement_level",
        "severity",
    ],
}


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise SdkChangedError(
            f"pulumi-policy {VERSION} {what}; this pack is written against {KNOWN_VERSION}: "
            f"install pulumi-policy=={KNOWN_VERSION}, or adapt guardrails/framework/sdk.py"
        )


def checked_servicer(module: Any) -> Any:
    """Return *module*'s analyzer servicer class, after a look at every private name the pack relies on.

    Raises
    ------
    SdkChangedError
        A name is gone or takes other parameters.
    """
    servicer = getattr(module, _SERVICER, None)
    _require(inspect.isclass(servicer), f"has no {_SERVICER}")
    for name, expected in _METHODS.items():
        method = getattr(servicer, name, None)
        _require(callable(method), f"has no {_SERVICER}.{name}")
        found = list(inspect.signature(method).parameters) if method else []
        _require(found == expected, f"declares {_SERVICER}.{name}({', '.join(found)})")
    _require(
        _SERVICER in inspect.getsource(module.PolicyPack.__init__),
        f"no longer serves PolicyPack by {_SERVICER}",
    )
    return servicer


BaseServicer: Any = checked_servicer(sdk_policy)


def install(servicer: Callable[..., object]) -> None:
    """Let the SDK's PolicyPack serve by *servicer*."""
    setattr(sdk_policy, _SERVICER, servicer)


def plain_properties(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Return a request's properties as plain values; secrets arrive opened, unknowns as sentinels."""
    return deserialize_properties(wire_properties(properties))


def wire_properties(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Return a request's properties as the engine sends them, with secrets and assets marked."""
    return json_format.MessageToDict(properties)
