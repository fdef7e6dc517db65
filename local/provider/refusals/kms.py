"""KMS: keys, their policies and aliases."""

from collections.abc import Iterator, Mapping

from local.permissions.documents import Kind
from local.provider.refusals.access import key_exists
from local.provider.refusals.constraints import between, length, of_model, pattern
from local.provider.refusals.documents import grammar_fault, statements, texts
from local.provider.refusals.places import Inputs
from local.provider.refusals.principals import ROLE, missing_principal
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation

KEY, KEY_POLICY, ALIAS = "aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy", "aws:kms/alias:Alias"
CREATE = "CreateKey - AWS Key Management Service API Reference"
PUT_POLICY = "PutKeyPolicy - AWS Key Management Service API Reference"
CREATE_ALIAS = "CreateAlias - AWS Key Management Service API Reference"
MAX_POLICY = 32 * 1024

constrain(
    KEY,
    "CreateKey",
    error="ValidationException",
    page=CREATE,
    inputs={
        "description": of_model("kms", "DescriptionType"),
        "keyUsage": of_model("kms", "KeyUsageType"),
        "customerMasterKeySpec": of_model("kms", "KeySpec"),
        "rotationPeriodInDays": of_model("kms", "RotationPeriodInDaysType"),
        "deletionWindowInDays": between(7, 30),
    },
)
constrain(
    KEY_POLICY,
    "PutKeyPolicy",
    error="ValidationException",
    page=PUT_POLICY,
    inputs={"keyId": length(1, 2048)},
)
constrain(
    ALIAS,
    "CreateAlias",
    error="ValidationException",
    page=CREATE_ALIAS,
    inputs={
        "name": pattern(r"alias/[a-zA-Z0-9/_-]{1,250}", "alias/ with 1 to 250 letters, digits, /, _ and -"),
        "targetKeyId": length(1, 2048),
    },
)


@at_check(ALIAS, error="NotAuthorizedException", operation="CreateAlias", page=CREATE_ALIAS)
def reserved_alias(inputs: Inputs) -> Iterator[Fault]:
    """Aliases that begin with `alias/aws/` belong to AWS."""
    if str(inputs.get("name", "")).startswith("alias/aws/"):
        yield "name", "begins with alias/aws/, which is reserved for AWS managed keys"


@at_check(
    KEY, error="ValidationException", operation="EnableKeyRotation", page="Enable automatic key rotation"
)
def rotation(inputs: Inputs) -> Iterator[Fault]:
    """A rotation period needs rotation; keys that are asymmetric or for HMAC are not rotated."""
    if inputs.get("rotationPeriodInDays") and "enableKeyRotation" not in inputs:
        yield "rotationPeriodInDays", "needs enableKeyRotation"
    spec = inputs.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT")
    if inputs.get("enableKeyRotation") and spec != "SYMMETRIC_DEFAULT":
        yield "enableKeyRotation", f"a {spec} key does not support automatic rotation"


@at_check(KEY, error="ValidationException", operation="CreateKey", page=CREATE)
def usage_of_the_spec(inputs: Inputs) -> Iterator[Fault]:
    """A key's usage is one that its spec serves."""
    spec, usage = (
        inputs.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        inputs.get("keyUsage", "ENCRYPT_DECRYPT"),
    )
    served = {
        "SYM": {"ENCRYPT_DECRYPT"},
        "HMA": {"GENERATE_VERIFY_MAC"},
        "ECC": {"SIGN_VERIFY", "KEY_AGREEMENT"},
    }
    if usage not in served.get(str(spec)[:3], {usage}):
        yield "keyUsage", f"KeyUsage {usage} is not compatible with KeySpec {spec}"


def _document_fault(document: str) -> str:
    if fault := grammar_fault(document, Kind.RESOURCE):
        return fault
    return "" if len(document.encode()) <= MAX_POLICY else f"The policy has more than {MAX_POLICY} bytes"


@at_check(
    KEY, KEY_POLICY, error="MalformedPolicyDocumentException", operation="PutKeyPolicy", page=PUT_POLICY
)
def key_policy(inputs: Inputs) -> Iterator[Fault]:
    """A key's policy keeps to the grammar of resource policies and has at most 32 KB."""
    document = inputs.get("policy")
    if document and (fault := _document_fault(document)):
        yield "policy", fault


def _administers(statement: Mapping[str, object], situation: Situation) -> bool:
    """Tell whether a statement lets the account, or somebody who may be deploying, change the policy.

    The local stack has no deployer. A role of the program itself is none, any other principal may be.
    """
    principal = statement.get("Principal")
    named = texts(principal.get("AWS")) if isinstance(principal, Mapping) else texts(principal)
    own = {role.get("arn") for role in situation.of_type(ROLE)}
    actions = {action.lower() for action in texts(statement.get("Action"))}
    return (
        statement.get("Effect") == "Allow"
        and any(name == "*" or (situation.account in name and name not in own) for name in named)
        and bool(actions & {"kms:*", "kms:put*", "kms:putkeypolicy", "*"})
        and not statement.get("Condition")
    )


@at_deploy(
    KEY,
    KEY_POLICY,
    error="MalformedPolicyDocumentException",
    operation="PutKeyPolicy",
    page="Key policies in AWS KMS",
)
def lock_out(situation: Situation) -> Iterator[str]:
    """A key's policy lets the account, or whoever deploys, change the policy, unless that check is off."""
    document = situation.get("policy")
    found = statements(document)
    bypassed = not found or situation.get("bypassPolicyLockoutSafetyCheck")
    if not bypassed and not any(_administers(statement, situation) for statement in found):
        yield "The new key policy will not allow you to update the key policy in the future."


@at_deploy(
    KEY, KEY_POLICY, error="MalformedPolicyDocumentException", operation="PutKeyPolicy", page=PUT_POLICY
)
def principals_of_the_key_policy(situation: Situation) -> Iterator[str]:
    """Every role that a key's policy names exists."""
    document = situation.get("policy")
    if document and missing_principal(document, situation):
        yield "Policy contains a statement with one or more invalid principals."


@at_deploy(ALIAS, error="NotFoundException", operation="CreateAlias", page=CREATE_ALIAS)
def key_of_the_alias(situation: Situation) -> Iterator[str]:
    """The key of an alias exists in its region."""
    key = situation.inputs["targetKeyId"]
    if not key_exists(key, situation):
        yield f"Invalid keyId {key}"


@at_deploy(ALIAS, error="AlreadyExistsException", operation="CreateAlias", page=CREATE_ALIAS)
def alias_exists_once(situation: Situation) -> Iterator[str]:
    """An alias names one key in its region."""
    name = situation.get("name")
    if situation.creates and any(
        one.get("name") == name and one.get("region", situation.region) == situation.region
        for one in situation.of_type(ALIAS)
    ):
        yield (
            f"An alias with the name arn:aws:kms:{situation.region}:{situation.account}:{name} already exists"
        )
