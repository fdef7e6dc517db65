"""Rules on the life of KMS keys: their names, their rotation, their end."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule, stack_rule

_NAMED: Final = stack(
    resource("kms.Key", "key"),
    resource(
        "kms.Alias", "alias", sources={"targetKeyId": ("key",)}, name="alias/shop-dev", targetKeyId=UNKNOWN
    ),
)
_DEPLOYED: Final = stack(
    resource("kms.Key", "key", outputs={"arn": "arn:aws:kms:eu-west-1:111122223333:key/4f", "keyId": "4f"}),
    resource("kms.Alias", "alias", namePrefix="alias/shop-", targetKeyId="4f"),
)


@stack_rule(
    severity=Severity.LOW,
    findings=("OP-5.5",),
    fixes={"kms.Key": 'aws.kms.Alias("orders", name="alias/orders", target_key_id=key.key_id)'},
    reads=("kms.Alias.targetKeyId",),
    passes={
        "an alias of a key unknown until the update: it comes from this one": _NAMED,
        "an alias without a name, of a mere id: it has a prefix, and the id is that of this key": _DEPLOYED,
    },
    fails={
        "has no alias": _NAMED.without("alias"),
        "no alias": _NAMED.plus(resource("kms.Key", "other")),
    },
)
def kms_alias(key: Node, graph: Graph) -> Iterator[str]:
    """Keys have an alias.

    Without one a key is a row of hexadecimal digits in audit trails, and nobody knows whose it is.
    """
    if not graph.companions(key, "kms.Alias", "targetKeyId"):
        yield "has no alias"


class KmsKeyLifeSettings(Settings):
    """How a key ages."""

    maximum_rotation_days: Annotated[
        int,
        Meta(ge=90, le=2560, description="After how many days a key's material is replaced at the latest."),
    ] = 365
    minimum_deletion_days: Annotated[
        int,
        Meta(ge=7, le=30, description="For how many days at least the deletion of a key can be called off."),
    ] = 7


_ROTATING: Final = stack(
    resource("kms.Key", "key", enableKeyRotation=True, deletionWindowInDays=7, rotationPeriodInDays=90),
    resource("kms.KeyPolicy", "policy"),
)
_BY_DEFAULT: Final = stack(resource("kms.Key", "key", enableKeyRotation=True, isEnabled=True))
_SIGNING: Final = stack(
    resource("kms.Key", "key", keyUsage="SIGN_VERIFY", customerMasterKeySpec="ECC_NIST_P256"),
)


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("OP-5.5", "CC-SEC-2", "OP-1.6"),
    fixes={
        "kms.Key": (
            "enable_key_rotation=True, deletion_window_in_days=30\n"
            "# and neither is_enabled=False nor bypass_policy_lockout_safety_check=True"
        ),
        "kms.KeyPolicy": "bypass_policy_lockout_safety_check=False",
    },
    reads=(
        "kms.Key.bypassPolicyLockoutSafetyCheck",
        "kms.Key.customerMasterKeySpec",
        "kms.Key.deletionWindowInDays",
        "kms.Key.enableKeyRotation",
        "kms.Key.isEnabled",
        "kms.Key.rotationPeriodInDays",
        "kms.KeyPolicy.bypassPolicyLockoutSafetyCheck",
    ),
    passes={
        "a key that is gone after 7 days: that is what the stack allows": _ROTATING,
        "no period and no window: AWS has defaults, a year and 30 days": _BY_DEFAULT,
        "a key that does not rotate: it signs, and such keys cannot": _SIGNING,
    },
    fails={
        "does not rotate": _ROTATING.but("key", enableKeyRotation=False),
        "rotates every 400 days, which is more than 365": _ROTATING.but("key", rotationPeriodInDays=400),
        "is switched off, and with it everything that it encrypts": _ROTATING.but("key", isEnabled=False),
        "can be lost in 3 days, which is fewer than 7": _ROTATING.but("key", deletionWindowInDays=3),
        "may get a policy that locks everybody out": _ROTATING.but(
            "key", bypassPolicyLockoutSafetyCheck=True
        ),
        "policy that locks everybody out": _ROTATING.but("policy", bypassPolicyLockoutSafetyCheck=True),
    },
    settings=KmsKeyLifeSettings,
)
def kms_key_life(subject: Node, chosen: KmsKeyLifeSettings) -> Iterator[str]:
    """Keys rotate, are switched on, and are neither lost in passing nor beyond control.

    What a key encrypts is gone with it. Only symmetric keys rotate by themselves, so that others need not.
    """
    if subject.inputs.flag("bypassPolicyLockoutSafetyCheck"):
        yield "may get a policy that locks everybody out, since it bypasses the check against that"
    if subject.kind != "kms.Key":
        return
    if subject.inputs.text("customerMasterKeySpec") in ("", "SYMMETRIC_DEFAULT"):
        rotates, period = (
            subject.inputs.flag("enableKeyRotation"),
            subject.inputs.number("rotationPeriodInDays"),
        )
        if not rotates:
            yield "does not rotate"
        elif period > chosen.maximum_rotation_days:
            yield f"rotates every {period:.0f} days, which is more than {chosen.maximum_rotation_days}"
    if subject.inputs.has("isEnabled") and not subject.inputs.flag("isEnabled"):
        yield "is switched off, and with it everything that it encrypts"
    window, fewest = subject.inputs.number("deletionWindowInDays"), chosen.minimum_deletion_days
    if subject.inputs.has("deletionWindowInDays") and window < fewest:
        yield f"can be lost in {window:.0f} days, which is fewer than {fewest}"
