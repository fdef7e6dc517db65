"""IAM: roles and policies."""

import json
from collections.abc import Iterator

from local.permissions.documents import Kind
from local.provider.refusals.constraints import arn, length, of_model, pattern
from local.provider.refusals.documents import grammar_fault
from local.provider.refusals.places import Inputs
from local.provider.refusals.principals import ROLE, missing_principal, trust_document
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation

ROLE_POLICY, POLICY = "aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
QUOTAS = "IAM and AWS STS quotas"
CREATE_ROLE, PUT_POLICY = "CreateRole - AWS IAM API Reference", "PutRolePolicy - AWS IAM API Reference"
CREATE_POLICY = "CreatePolicy - AWS IAM API Reference"
INLINE, MANAGED, TRUST = 10_240, 6_144, 2_048
ATTACHED = 10

_POLICY_NAME = of_model("iam", "policyNameType")
constrain(
    ROLE,
    "CreateRole",
    error="ValidationError",
    page=CREATE_ROLE,
    inputs={
        "name": of_model("iam", "roleNameType"),
        "description": of_model("iam", "roleDescriptionType"),
        "path": pattern(r"/|/[\x21-\x7e]{1,510}/", "/ or /text/ of at most 512 characters"),
        "maxSessionDuration": of_model("iam", "roleMaxSessionDurationType"),
        "permissionsBoundary": arn("iam"),
        "inlinePolicies[].name": _POLICY_NAME,
        "managedPolicyArns[]": arn("iam"),
    },
)
constrain(
    ROLE_POLICY,
    "PutRolePolicy",
    error="ValidationError",
    page=PUT_POLICY,
    inputs={"name": _POLICY_NAME, "role": of_model("iam", "roleNameType")},
)
constrain(
    POLICY,
    "CreatePolicy",
    error="ValidationError",
    page=CREATE_POLICY,
    inputs={
        "name": _POLICY_NAME,
        "path": of_model("iam", "policyPathType"),
        "description": length(0, 1000),
    },
)
constrain(
    ATTACHMENT,
    "AttachRolePolicy",
    error="ValidationError",
    page="AttachRolePolicy - AWS IAM API Reference",
    inputs={"role": of_model("iam", "roleNameType"), "policyArn": arn("iam")},
)


def size(document: str) -> int:
    """Return the length of a document as IAM counts it: without white space."""
    return len(json.dumps(json.loads(document), separators=(",", ":")))


@at_check(ROLE, error="MalformedPolicyDocument", operation="CreateRole", page=CREATE_ROLE)
def trust_policy(inputs: Inputs) -> Iterator[Fault]:
    """A role's trust policy keeps to the grammar of trust policies: principals, and no resource."""
    if fault := grammar_fault(inputs.get("assumeRolePolicy"), Kind.TRUST):
        yield "assumeRolePolicy", fault


@at_check(ROLE, error="LimitExceeded", operation="CreateRole", page=QUOTAS)
def size_of_the_trust_policy(inputs: Inputs) -> Iterator[Fault]:
    """A trust policy has at most 2,048 characters without white space."""
    document = inputs.get("assumeRolePolicy")
    if not grammar_fault(document, Kind.TRUST) and size(document) > TRUST:
        yield "assumeRolePolicy", f"Cannot exceed quota for ACLSizePerRole: {TRUST}; it has {size(document)}"


@at_check(ROLE_POLICY, POLICY, error="MalformedPolicyDocument", operation="PutRolePolicy", page=PUT_POLICY)
def identity_policy(inputs: Inputs) -> Iterator[Fault]:
    """A role's policy keeps to the grammar of identity policies: actions, resources, and no principal."""
    if fault := grammar_fault(inputs.get("policy"), Kind.IDENTITY):
        yield "policy", fault


@at_check(ROLE, error="MalformedPolicyDocument", operation="PutRolePolicy", page=PUT_POLICY)
def inline_policies(inputs: Inputs) -> Iterator[Fault]:
    """A role's inline policies keep to the grammar of identity policies."""
    for place, one in inputs.each("inlinePolicies"):
        document = one.get("policy")
        if document and (fault := grammar_fault(document, Kind.IDENTITY)):
            yield f"{place}.policy", fault


@at_check(POLICY, error="LimitExceeded", operation="CreatePolicy", page=QUOTAS)
def size_of_a_managed_policy(inputs: Inputs) -> Iterator[Fault]:
    """A managed policy has at most 6,144 characters without white space."""
    document = inputs.get("policy")
    if not grammar_fault(document, Kind.IDENTITY) and size(document) > MANAGED:
        yield "policy", f"Cannot exceed quota for PolicySize: {MANAGED}; it has {size(document)}"


@at_deploy(ROLE_POLICY, error="NoSuchEntity", operation="PutRolePolicy", page=PUT_POLICY)
def role_of_the_policy(situation: Situation) -> Iterator[str]:
    """The role of an inline policy exists."""
    role = situation.inputs["role"]
    if trust_document(role, situation) is None:
        yield f"The role with name {role} cannot be found."


@at_deploy(ROLE_POLICY, error="LimitExceeded", operation="PutRolePolicy", page=QUOTAS)
def size_of_inline_policies(situation: Situation) -> Iterator[str]:
    """All inline policies of a role together have at most 10,240 characters without white space."""
    role, name = situation.inputs["role"], situation.get("name")
    documents = [situation.inputs["policy"]]
    for one in situation.of_type(ROLE_POLICY):
        if one.get("role") == role and one.get("name") != name:
            documents.append(one["policy"])
    if known := situation.find(ROLE, name=role):
        documents += [one["policy"] for one in known.get("inlinePolicies") or [] if one.get("policy")]
    total = sum(size(document) for document in documents)
    if total > INLINE:
        yield f"Maximum policy size of {INLINE} bytes exceeded for role {role}: {total}"


@at_deploy(ATTACHMENT, error="LimitExceeded", operation="AttachRolePolicy", page=QUOTAS)
def attached_policies(situation: Situation) -> Iterator[str]:
    """A role has at most ten managed policies."""
    role = situation.inputs["role"]
    if sum(one.get("role") == role for one in situation.of_type(ATTACHMENT)) >= ATTACHED:
        yield f"Cannot exceed quota for PoliciesPerRole: {ATTACHED}"


@at_deploy(ROLE, error="MalformedPolicyDocument", operation="CreateRole", page=CREATE_ROLE)
def principals_of_the_trust_policy(situation: Situation) -> Iterator[str]:
    """Every role that a trust policy names exists; a role cannot name itself before it does."""
    if missing := missing_principal(situation.inputs["assumeRolePolicy"], situation):
        itself = missing == f"arn:aws:iam::{situation.account}:role/{situation.get('name')}"
        if not itself or situation.creates:
            yield f'Invalid principal in policy: "AWS":"{missing}"'


@at_deploy(ROLE, error="EntityAlreadyExists", operation="CreateRole", page=CREATE_ROLE)
def role_exists_once(situation: Situation) -> Iterator[str]:
    """A role's name is free in its account."""
    name = situation.get("name")
    if situation.creates and situation.find(ROLE, name=name):
        yield f"Role with name {name} already exists."
