"""Cognito: user pools with their clients, groups, domains and resource servers.

moto holds them, registers users and signs them in; the local front verifies the tokens that it issues.
"""

from types import MappingProxyType
from typing import Any

from local.provider.emulation import ACCOUNT, Call, Emulation, emulates, given
from local.provider.resources.api_calls import parts
from local.provider.resources.shapes import as_aws, as_pulumi
from local.provider.schema import resource_type
from local.provider.values import Properties

NOT_CHECKED = (
    "Cognito: moto signs the tokens of every pool with one key, which is part of its package; sign-in by SRP "
    "is not computed, every flow is open to every client, messages to users go nowhere, hosted pages are not "
    "served.",
)
"""For the page docs/local-stack.md."""

POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
CREATED_WITH = {"AliasAttributes", "UsernameAttributes", "UsernameConfiguration", "Schema"}
"""What UpdateUserPool does not take."""
UNTOLD = {"region", "tags", "tagsAll", "schemas", "arn", "endpoint", "clientSecret", "generateSecret", "id"}
"""What stands in state otherwise than moto tells it, or is told apart."""

_CODE = "Your verification code is {####}. "


@emulates(POOL)
class UserPool(Emulation):
    """A user pool."""

    replaces = frozenset({"usernameAttributes", "aliasAttributes", "usernameConfiguration"})
    unset = MappingProxyType(
        {
            "mfaConfiguration": "OFF",
            "deletionProtection": "INACTIVE",
            "emailConfiguration": {"emailSendingAccount": "COGNITO_DEFAULT"},
            "smsVerificationMessage": _CODE,
            "emailVerificationMessage": _CODE,
            "emailVerificationSubject": "Your verification code",
            "verificationMessageTemplate": {
                "smsMessage": _CODE,
                "emailMessage": _CODE,
                "emailSubject": "Your verification code",
                "defaultEmailOption": "CONFIRM_WITH_CODE",
            },
        }
    )
    identified_by = "its id"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the pool."""
        cognito = call.aws("cognito-idp")
        made = cognito.create_user_pool(PoolName=call.inputs["name"], **self._configuration(call))["UserPool"]
        self._mfa(call, made["Id"])
        return made["Id"], self._outputs(call, made["Id"])

    def update(self, call: Call) -> Properties:
        """Set everything that can change."""
        configuration = self._configuration(call)
        changeable = {name: value for name, value in configuration.items() if name not in CREATED_WITH}
        call.aws("cognito-idp").update_user_pool(UserPoolId=call.id, **changeable)
        self._mfa(call, call.id)
        return {}

    def read(self, call: Call) -> Properties:
        """Tell what the program sets, name and second factor; moto changes no tags and fills in defaults."""
        found = call.aws("cognito-idp").describe_user_pool(UserPoolId=call.id)["UserPool"]
        looked_up = not call.before.get("name")
        names = resource_type(POOL).inputs if looked_up else call.before.keys()
        told = as_pulumi(found | found["Policies"], names - UNTOLD)
        tags = {"tagsAll": found.get("UserPoolTags") or {}} if looked_up else {}
        return self._outputs(call, call.id) | told | tags | {"name": found["Name"]}

    def delete(self, call: Call) -> None:
        """Delete the pool with its users."""
        call.aws("cognito-idp").delete_user_pool(UserPoolId=call.id)

    def _configuration(self, call: Call) -> dict[str, Any]:
        inputs = call.inputs
        policies = {name: inputs[name] for name in ("passwordPolicy", "signInPolicy") if name in inputs}
        named = {"policies": policies or None, "schema": inputs.get("schemas"), "userPoolTags": call.tags}
        return as_aws(_shape(call, "CreateUserPool"), inputs | named)

    def _mfa(self, call: Call, pool: str) -> None:
        token = call.inputs.get("softwareTokenMfaConfiguration")
        if token:
            call.aws("cognito-idp").set_user_pool_mfa_config(
                UserPoolId=pool,
                SoftwareTokenMfaConfiguration={"Enabled": token["enabled"]},
                MfaConfiguration=call.inputs.get("mfaConfiguration", "OFF"),
            )

    def _outputs(self, call: Call, pool: str) -> Properties:
        return {
            "arn": call.arn("cognito-idp", f"userpool/{pool}"),
            "endpoint": f"cognito-idp.{call.region}.amazonaws.com/{pool}",
        }


def _shape(call: Call, operation: str) -> Any:
    return call.aws("cognito-idp").meta.service_model.operation_model(operation).input_shape


@emulates(CLIENT)
class UserPoolClient(Emulation):
    """A client of a user pool."""

    replaces = frozenset({"userPoolId", "generateSecret"})
    unset = MappingProxyType(
        {"authSessionValidity": 3, "enableTokenRevocation": True, "refreshTokenValidity": 30}
    )
    identified_by = "pool/client"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the client; its id is the client id."""
        made = call.aws("cognito-idp").create_user_pool_client(
            UserPoolId=call.inputs["userPoolId"],
            GenerateSecret=call.inputs.get("generateSecret", False),
            **self._configuration(call),
        )["UserPoolClient"]
        return made["ClientId"], given(clientSecret=made.get("ClientSecret"))

    def update(self, call: Call) -> Properties:
        """Set everything."""
        call.aws("cognito-idp").update_user_pool_client(
            UserPoolId=call.inputs["userPoolId"], ClientId=call.id, **self._configuration(call)
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell what a program sets."""
        pool, client = parts(call, "userPoolId")
        described = call.aws("cognito-idp").describe_user_pool_client(UserPoolId=pool, ClientId=client)
        found = described["UserPoolClient"]
        known = call.before.keys() if call.before.get("userPoolId") else resource_type(CLIENT).inputs
        return as_pulumi(found, known - UNTOLD) | {
            "userPoolId": pool,
            "name": found["ClientName"],
            **given(clientSecret=found.get("ClientSecret")),
        }

    def delete(self, call: Call) -> None:
        """Delete the client."""
        pool = call.before["userPoolId"]
        call.aws("cognito-idp").delete_user_pool_client(UserPoolId=pool, ClientId=call.id)

    def _configuration(self, call: Call) -> dict[str, Any]:
        named = call.inputs | {"clientName": call.inputs["name"]}
        return as_aws(_shape(call, "UpdateUserPoolClient"), named | {"userPoolId": None})


@emulates("aws:cognito/userPoolDomain:UserPoolDomain")
class UserPoolDomain(Emulation):
    """A domain of a user pool; nothing is served there."""

    replaces = frozenset({"domain", "userPoolId"})
    identified_by = "its domain"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Register the domain."""
        certificate = call.inputs.get("certificateArn")
        call.aws("cognito-idp").create_user_pool_domain(
            Domain=call.inputs["domain"],
            UserPoolId=call.inputs["userPoolId"],
            **given(CustomDomainConfig={"CertificateArn": certificate} if certificate else None),
        )
        return call.inputs["domain"], {"awsAccountId": ACCOUNT}

    def update(self, call: Call) -> Properties:
        """Keep the rest in state."""
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell whose domain it is."""
        found = call.aws("cognito-idp").describe_user_pool_domain(Domain=call.id)["DomainDescription"]
        if not found:
            return None
        return {"domain": call.id, "userPoolId": found["UserPoolId"], "awsAccountId": ACCOUNT}

    def delete(self, call: Call) -> None:
        """Give the domain up."""
        call.aws("cognito-idp").delete_user_pool_domain(Domain=call.id, UserPoolId=call.before["userPoolId"])


@emulates("aws:cognito/userGroup:UserGroup")
class UserGroup(Emulation):
    """A group of users, which stands in their tokens."""

    replaces = frozenset({"name", "userPoolId"})
    identified_by = "pool/group"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the group."""
        call.aws("cognito-idp").create_group(**self._parameters(call))
        return f"{call.inputs['userPoolId']}/{call.inputs['name']}", {}

    def update(self, call: Call) -> Properties:
        """Set description, role and precedence."""
        call.aws("cognito-idp").update_group(**self._parameters(call))
        return {}

    def read(self, call: Call) -> Properties:
        """Tell everything."""
        pool, name = call.id.split("/", 1)
        found = call.aws("cognito-idp").get_group(UserPoolId=pool, GroupName=name)["Group"]
        told = as_pulumi(found, ("description", "precedence", "roleArn"))
        return {"userPoolId": pool, "name": name} | told

    def delete(self, call: Call) -> None:
        """Delete the group, not its users."""
        pool, name = call.id.split("/", 1)
        call.aws("cognito-idp").delete_group(UserPoolId=pool, GroupName=name)

    def _parameters(self, call: Call) -> dict[str, Any]:
        inputs = call.inputs
        return given(
            UserPoolId=inputs["userPoolId"],
            GroupName=inputs["name"],
            Description=inputs.get("description", ""),
            RoleArn=inputs.get("roleArn"),
            Precedence=inputs.get("precedence"),
        )
