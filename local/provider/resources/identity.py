"""IAM roles and policies; the permission judge reads them from state, moto holds them for inspection."""

import json
from functools import partial
from types import MappingProxyType

from local.provider.emulation import Call, Emulation, emulates, given, pairs, unless_missing
from local.provider.values import Properties


@emulates("aws:iam/role:Role")
class Role(Emulation):
    """A role."""

    replaces = frozenset({"name", "path"})
    unset = MappingProxyType({"path": "/", "maxSessionDuration": 3600})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the role."""
        inputs = call.inputs
        role = call.aws("iam").create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=call.tag_list,
            **given(
                Description=inputs.get("description"),
                Path=inputs.get("path"),
                MaxSessionDuration=inputs.get("maxSessionDuration"),
                PermissionsBoundary=inputs.get("permissionsBoundary"),
            ),
        )["Role"]
        self._inline(call)
        return inputs["name"], self._outputs(role)

    def update(self, call: Call) -> Properties:
        """Change trust, description, session, boundary, tags and inline policies."""
        iam, inputs = call.aws("iam"), call.inputs
        iam.update_assume_role_policy(RoleName=call.id, PolicyDocument=inputs["assumeRolePolicy"])
        iam.update_role(
            RoleName=call.id,
            Description=inputs.get("description", ""),
            MaxSessionDuration=inputs.get("maxSessionDuration", 3600),
        )
        if boundary := inputs.get("permissionsBoundary"):
            iam.put_role_permissions_boundary(RoleName=call.id, PermissionsBoundary=boundary)
        elif call.before.get("permissionsBoundary"):
            iam.delete_role_permissions_boundary(RoleName=call.id)
        call.retag(
            lambda: iam.tag_role(RoleName=call.id, Tags=call.tag_list),
            lambda keys: iam.untag_role(RoleName=call.id, TagKeys=keys),
        )
        self._inline(call)
        return {}

    def read(self, call: Call) -> Properties:
        """Tell everything, of inline policies those that the role itself names."""
        iam = call.aws("iam")
        role = iam.get_role(RoleName=call.id)["Role"]
        policies = []
        for policy in call.before.get("inlinePolicies", []):
            name = policy["name"]
            found = unless_missing(partial(iam.get_role_policy, RoleName=call.id, PolicyName=name))
            if found:
                policies.append({"name": name, "policy": json.dumps(found["PolicyDocument"])})
        return self._outputs(role) | {
            "name": role["RoleName"],
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description"),
            "path": role["Path"],
            "maxSessionDuration": role["MaxSessionDuration"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "inlinePolicies": policies,
            "tagsAll": pairs(role.get("Tags", [])),
        }

    def _outputs(self, role: Properties) -> Properties:
        created = role["CreateDate"].isoformat()
        return {"arn": role["Arn"], "uniqueId": role["RoleId"], "createDate": created}

    def delete(self, call: Call) -> None:
        """Delete the role; IAM refuses while policies are attached."""
        iam = call.aws("iam")
        for policy in call.before.get("inlinePolicies", []):
            iam.delete_role_policy(RoleName=call.id, PolicyName=policy["name"])
        iam.delete_role(RoleName=call.id)

    def _inline(self, call: Call) -> None:
        iam, role = call.aws("iam"), call.inputs["name"]
        old, new = (
            {policy["name"]: policy["policy"] for policy in properties.get("inlinePolicies", [])}
            for properties in (call.before, call.inputs)
        )
        for name in sorted(old.keys() - new.keys()):
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        for name, document in new.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


@emulates("aws:iam/rolePolicy:RolePolicy")
class RolePolicy(Emulation):
    """An inline policy of a role."""

    replaces = frozenset({"name", "role"})
    identified_by = "role:policy"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Put the policy."""
        self.update(call)
        return f"{call.inputs['role']}:{call.inputs['name']}", {}

    def update(self, call: Call) -> Properties:
        """Put the changed policy."""
        call.aws("iam").put_role_policy(
            RoleName=call.inputs["role"], PolicyName=call.inputs["name"], PolicyDocument=call.inputs["policy"]
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell the document."""
        role, name = call.id.split(":", 1)
        found = call.aws("iam").get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}

    def delete(self, call: Call) -> None:
        """Delete the policy."""
        call.aws("iam").delete_role_policy(RoleName=call.before["role"], PolicyName=call.before["name"])


@emulates("aws:iam/policy:Policy")
class Policy(Emulation):
    """A managed policy."""

    replaces = frozenset({"name", "path", "description"})
    unset = MappingProxyType({"path": "/"})
    identified_by = "its ARN"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the policy."""
        policy = call.aws("iam").create_policy(
            PolicyName=call.inputs["name"], PolicyDocument=call.inputs["policy"], Tags=call.tag_list
        )["Policy"]
        return policy["Arn"], {"arn": policy["Arn"], "policyId": policy["PolicyId"]}

    def update(self, call: Call) -> Properties:
        """Make the document the default version, in place of the one before, and change tags."""
        iam = call.aws("iam")
        if call.inputs["policy"] != call.before.get("policy"):
            before = iam.get_policy(PolicyArn=call.id)["Policy"]["DefaultVersionId"]
            iam.create_policy_version(
                PolicyArn=call.id, PolicyDocument=call.inputs["policy"], SetAsDefault=True
            )
            iam.delete_policy_version(PolicyArn=call.id, VersionId=before)
        call.retag(
            lambda: iam.tag_policy(PolicyArn=call.id, Tags=call.tag_list),
            lambda keys: iam.untag_policy(PolicyArn=call.id, TagKeys=keys),
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell the document of the default version, and tags."""
        iam = call.aws("iam")
        policy = iam.get_policy(PolicyArn=call.id)["Policy"]
        version = iam.get_policy_version(PolicyArn=call.id, VersionId=policy["DefaultVersionId"])
        return {
            "arn": policy["Arn"],
            "policyId": policy["PolicyId"],
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policy": json.dumps(version["PolicyVersion"]["Document"]),
            "tagsAll": pairs(iam.list_policy_tags(PolicyArn=call.id)["Tags"]),
        }

    def delete(self, call: Call) -> None:
        """Delete the policy."""
        call.aws("iam").delete_policy(PolicyArn=call.id)


@emulates("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
class RolePolicyAttachment(Emulation):
    """A managed policy on a role."""

    replaces = frozenset({"role", "policyArn"})
    identified_by = "role/policy-arn"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Attach the policy."""
        role, policy = call.inputs["role"], call.inputs["policyArn"]
        call.aws("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
        return f"{role}/{policy}", {}

    def read(self, call: Call) -> Properties | None:
        """Tell whether the policy is attached."""
        role, policy = call.id.split("/", 1)
        pages = call.aws("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
        attached = {each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]}
        return {"role": role, "policyArn": policy} if policy in attached else None

    def delete(self, call: Call) -> None:
        """Detach the policy."""
        call.aws("iam").detach_role_policy(RoleName=call.before["role"], PolicyArn=call.before["policyArn"])
