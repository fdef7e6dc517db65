"""KMS called directly. The resource is the key as the call names it; the judge finds the key behind it."""

from collections.abc import Callable, Mapping

from local.permissions.calls import Call, Check
from local.permissions.errors import UnknownOperationError


def encryption_context(pairs: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
    """Return the condition values of an encryption context."""
    values: dict[str, str | tuple[str, ...]] = {
        f"kms:EncryptionContext:{key}": value for key, value in pairs.items()
    }
    return {**values, "kms:EncryptionContextKeys": tuple(pairs)}


def _on_key(action: str, parameter: str = "KeyId") -> Callable[[Call], list[Check]]:
    def needs(call: Call) -> list[Check]:
        key = call.parameters.get(parameter)
        if not key:
            raise UnknownOperationError(
                f"{action} without {parameter} cannot be judged; name the key in the call"
            )
        context = encryption_context(call.parameters.get("EncryptionContext") or {})
        return [Check(action=action, resource=key, context=context)]

    return needs


# What an alias operation asks of the alias itself is for identity policies alone; here is what the key says.
OPERATIONS: Mapping[str, Callable[[Call], list[Check]]] = {
    **{
        name: _on_key(f"kms:{name}")
        for name in (
            "CancelKeyDeletion", "Decrypt", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey",
            "EnableKeyRotation", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
            "GenerateMac", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey", "ListGrants",
            "ListKeyPolicies", "ListResourceTags", "PutKeyPolicy", "RevokeGrant", "ScheduleKeyDeletion",
            "Sign", "TagResource", "UntagResource", "UpdateKeyDescription", "Verify", "VerifyMac",
        )
    },
    "CreateAlias": _on_key("kms:CreateAlias", "TargetKeyId"),
    "UpdateAlias": _on_key("kms:UpdateAlias", "TargetKeyId"),
    "DeleteAlias": _on_key("kms:DeleteAlias", "AliasName"),
}  # fmt: skip
