"""The policies of one deployment, found by whom or what they belong to."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from local.deployed import Resource
from local.permissions import administrator
from local.permissions.documents import Kind, Policy, parse_policy
from local.permissions.errors import PolicyError
from local.permissions.function_policies import PERMISSION, function_policies

_ROLE = "aws:iam/role:Role"


@lru_cache(maxsize=1024)
def _parsed(text: str, name: str, kind: Kind) -> Policy:
    return parse_policy(text, name=name, kind=kind)


def read_document(document: str | Mapping[str, Any], name: str, kind: Kind) -> Policy:
    """Parse *document*, JSON text or object, at most once."""
    return _parsed(document if isinstance(document, str) else json.dumps(document), name, kind)


class Snapshot:
    """The policies among *resources*; documents are parsed when first asked for."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_type: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for resource in resources:
            self._by_type[resource.type].append({"id": resource.id, **resource.properties})

    def of_type(self, token: str) -> list[Mapping[str, Any]]:
        """Return the properties, and the id, of every resource of one Pulumi type."""
        return self._by_type.get(token, [])

    def role_arns(self) -> list[str]:
        """Return the ARNs of all roles."""
        return [role["arn"] for role in self.of_type(_ROLE)]

    def trust(self, role_arn: str) -> Policy:
        """Return the policy that says who may assume the role."""
        role = self._role(role_arn)
        return read_document(role["assumeRolePolicy"], f"trust policy of role {role['name']!r}", Kind.TRUST)

    def identity(self, role_arn: str) -> list[Policy]:
        """Return the role's policies: inline ones, in whatever way given, and attached ones.

        Raises
        ------
        PolicyError
            The role is not deployed, or has what cannot be judged: a boundary, or a policy of AWS's own.
        """
        if role_arn == administrator.role_arn(role_arn.split(":")[4]):
            return [administrator.ACCESS]
        role = self._role(role_arn)
        name = role["name"]
        if role.get("permissionsBoundary"):
            raise PolicyError(f"role {name!r}: permissions boundaries are not known to the evaluator")
        inline = [(one.get("name"), one.get("policy")) for one in role.get("inlinePolicies") or []]
        inline += [
            (one.get("name") or one["id"], one["policy"])
            for one in self.of_type("aws:iam/rolePolicy:RolePolicy")
            if one["role"] in (name, role["id"])
        ]
        attached = [*(role.get("managedPolicyArns") or [])]
        attached += [
            one["policyArn"]
            for one in self.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
            if one["role"] in (name, role["id"])
        ]
        return [
            *(
                read_document(document, f"inline policy {title!r} of role {name!r}", Kind.IDENTITY)
                for title, document in inline
                if document
            ),
            *(self._managed(arn, name) for arn in dict.fromkeys(attached)),
        ]

    def resource(self, arn: str) -> list[Policy]:
        """Return the policy of the bucket, queue, topic, table or function of *arn*; not those of keys."""
        if arn == "*":  # the action takes no resource
            return []
        service, name = arn.split(":")[2], arn.split(":", 5)[-1]
        if service == "s3":
            holder = name.partition("/")[0]
        elif service == "dynamodb":
            holder = arn.partition("/index/")[0]
        else:
            holder = arn
        return [
            read_document(document, title, Kind.RESOURCE)
            for owner, title, document in self._resource_documents(service)
            if owner == holder
        ]

    def all_resource_policies(self) -> Iterator[Policy]:
        """Yield every policy of a bucket, queue, topic, table or function."""
        for service in ("s3", "sqs", "sns", "dynamodb", "lambda"):
            for _, title, document in self._resource_documents(service):
                yield read_document(document, title, Kind.RESOURCE)

    def _resource_documents(self, service: str) -> Iterator[tuple[str, str, Any]]:
        """Yield owner, name and document; a policy on the resource itself gives way to a policy resource."""
        separate: dict[str, tuple[str, Any]] = {}
        if service == "s3":
            for one in self.of_type("aws:s3/bucketPolicy:BucketPolicy"):
                separate[one["bucket"]] = (f"bucket policy of {one['bucket']!r}", one["policy"])
        if service == "sqs":
            for one in self.of_type("aws:sqs/queue:Queue"):
                if one.get("policy"):
                    separate[one["arn"]] = (f"queue policy of {one['name']!r}", one["policy"])
            arns = {one.get("url", one["id"]): one["arn"] for one in self.of_type("aws:sqs/queue:Queue")}
            for one in self.of_type("aws:sqs/queuePolicy:QueuePolicy"):
                owner = arns.get(one["queueUrl"], one["queueUrl"])
                separate[owner] = (f"queue policy of {owner.rpartition(':')[2]!r}", one["policy"])
        if service == "sns":
            for token in ("aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"):
                for one in self.of_type(token):
                    if one.get("policy"):
                        title = f"topic policy of {one['arn'].rpartition(':')[2]!r}"
                        separate[one["arn"]] = (title, one["policy"])
        if service == "dynamodb":
            for one in self.of_type("aws:dynamodb/resourcePolicy:ResourcePolicy"):
                title = f"table policy of {one['resourceArn'].rpartition('/')[2]!r}"
                separate[one["resourceArn"]] = (title, one["policy"])
        if service == "lambda":
            functions = self.of_type("aws:lambda/function:Function")
            for owner, title, policy in function_policies(self.of_type(PERMISSION), functions):
                separate[owner] = (title, policy)
        for owner, (title, document) in separate.items():
            yield owner, title, document

    def _role(self, arn: str) -> Mapping[str, Any]:
        for role in self.of_type(_ROLE):
            if role["arn"] == arn:
                return role
        raise PolicyError(f"role {arn} is not deployed")

    def _managed(self, arn: str, role: str) -> Policy:
        for policy in self.of_type("aws:iam/policy:Policy"):
            if policy["arn"] == arn:
                return read_document(policy["policy"], f"managed policy {policy['name']!r}", Kind.IDENTITY)
        raise PolicyError(
            f"role {role!r}: the document of managed policy {arn} is not deployed; "
            "attach a policy that the program defines"
        )
