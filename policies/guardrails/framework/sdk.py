"""The only module that imports pulumi_policy: its names for the pack, checked before use (`sdk_guard`)."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.sdk_guard import (
    SERVICER,
    check_values,
    check_version,
    checked_servicer,
    refused,
)

try:
    from pulumi_policy import (
        EnforcementLevel,
        Policy,
        ResourceValidationPolicy,
        Severity,
        StackValidationPolicy,
    )
    from pulumi_policy import PolicyPack as BasePack
    from pulumi_policy import policy as sdk_policy
    from pulumi_policy.deserialize import (
        SPECIAL_ARCHIVE_SIG,
        SPECIAL_ASSET_SIG,
        SPECIAL_SECRET_SIG,
        SPECIAL_SIG_KEY,
        deserialize_properties,
    )
    from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy
    from pulumi_policy.version import VERSION
except ImportError as missing:
    raise refused(f"cannot be used ({missing})") from missing

__all__ = [
    "SPECIAL_SECRET_SIG",
    "SPECIAL_SIG_KEY",
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
    "archive_of_texts",
    "install",
    "plain_properties",
    "unknown_checking_proxy",
    "wire_level",
    "wire_properties",
    "wire_severity",
]

check_version(VERSION)
check_values(deserialize_properties, unknown_checking_proxy, UnknownValueError)
BaseServicer: Any = checked_servicer(sdk_policy)


def install(servicer: Callable[..., object]) -> None:
    """Let the SDK's PolicyPack serve by *servicer*."""
    setattr(sdk_policy, SERVICER, servicer)


def plain_properties(wire: dict[str, Any]) -> dict[str, Any]:
    """Return properties that the engine sent as plain values; secrets arrive opened, unknowns as sentinels.

    The SDK refuses an asset of which a state keeps the hash alone, an archive that holds an unknown, and even
    an empty text: all rules would stop. What has no content here is unknown instead.
    """
    try:
        return deserialize_properties(wire)
    except (AssertionError, TypeError):
        return deserialize_properties(_known(wire))


def wire_properties(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Return a request's properties as the engine sends them, with secrets and assets marked."""
    return json_format.MessageToDict(properties)


def wire_level(level: str) -> int:
    """Return an enforcement level as the engine knows it."""
    return int(analyzer_pb2.EnforcementLevel.Value(level.upper()))


def wire_severity(severity: str) -> int:
    """Return a severity as the engine knows it."""
    return int(analyzer_pb2.PolicySeverity.Value(f"POLICY_SEVERITY_{severity.upper()}"))


def archive_of_texts(files: Mapping[str, str]) -> dict[str, Any]:
    """Return an archive of text files, path to text, as the engine sends it."""
    assets = {path: {SPECIAL_SIG_KEY: SPECIAL_ASSET_SIG, "text": text} for path, text in files.items()}
    return {SPECIAL_SIG_KEY: SPECIAL_ARCHIVE_SIG, "assets": assets}


_EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def _known(value: Any) -> Any:
    """Return *value* with an unknown in place of each asset, archive or secret that the SDK would refuse."""
    if isinstance(value, list):
        return [_known(member) for member in value]
    if not isinstance(value, dict):
        return value
    found = {key: _known(member) for key, member in value.items()}
    if SPECIAL_SIG_KEY not in found:
        return found
    match found[SPECIAL_SIG_KEY]:
        case sig if sig == SPECIAL_SECRET_SIG and "value" in found:
            return found
        case sig if sig == SPECIAL_ASSET_SIG and found.get("hash") == _EMPTY_HASH:
            return {SPECIAL_SIG_KEY: SPECIAL_ASSET_SIG, "text": ""}
        case sig if sig == SPECIAL_ASSET_SIG and _has_text(found, "path", "text", "uri"):
            return found
        case sig if sig == SPECIAL_ARCHIVE_SIG and _is_archive(found):
            return found
    return UNKNOWN_STRING_VALUE


def _has_text(value: dict[str, Any], *keys: str) -> bool:
    given = [value[key] for key in keys if key in value]
    return bool(given) and all(isinstance(each, str) for each in given)


def _is_archive(value: dict[str, Any]) -> bool:
    """Tell whether an archive has an address, or members that are all assets and archives and known."""
    if "assets" not in value:
        return _has_text(value, "path", "uri")
    members, signatures = value["assets"], (SPECIAL_ASSET_SIG, SPECIAL_ARCHIVE_SIG)
    return isinstance(members, dict) and all(
        isinstance(member, dict) and member.get(SPECIAL_SIG_KEY) in signatures for member in members.values()
    )
