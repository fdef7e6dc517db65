"""Calls of a deployed role, judged against everything deployed that has a say."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.deployed import Deployed, Resource
from local.permissions.calls import Call
from local.permissions.errors import PolicyError, UnknownOperationError
from local.permissions.evaluator import Decision
from local.permissions.judge import Judge, RoleSession
from local.permissions.refusals import refusal

ACCOUNT, REGION = "000000000000", "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/records"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:echo"
URL = f"http://127.0.0.1/{ACCOUNT}/work"
CLEAN = {"scan": "clean"}

SESSION = RoleSession(role_arn=ROLE, session="echo", function_arn=FUNCTION)


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str, on: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def key_use(*actions: str, via: str) -> dict[str, Any]:
    condition = {"StringEquals": {"kms:ViaService": f"{via}.{REGION}.amazonaws.com"}}
    return allow(*actions, Principal={"AWS": ROLE}, Condition=condition)


GRANTED = document(
    allow("s3:GetObject", "s3:PutObject", on="arn:aws:s3:::intake/*"),
    allow("dynamodb:PutItem", on=TABLE),
    allow("sqs:ReceiveMessage", "sqs:SendMessage", on=QUEUE),
    allow("sns:Publish", on=TOPIC),
)
CLEAN_ONLY = document(
    {
        "Sid": "OnlyClean",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::intake/*",
        "Condition": {"StringNotEquals": {"s3:ExistingObjectTag/scan": "clean"}},
    }
)
KEY_POLICY = document(
    key_use("kms:Decrypt", "kms:GenerateDataKey", via="s3"),
    key_use("kms:Decrypt", via="dynamodb"),
    key_use("kms:Decrypt", "kms:GenerateDataKey", via="sqs"),
    key_use("kms:Decrypt", "kms:GenerateDataKey", via="sns"),
    key_use("kms:Decrypt", via="lambda"),
)
TRUST = document(
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"

RESOURCES: dict[str, dict[str, Any]] = {
    "aws:iam/role:Role": {"name": "worker", "arn": ROLE, "assumeRolePolicy": json.dumps(TRUST)},
    "aws:iam/rolePolicy:RolePolicy": {"role": "worker", "name": "work", "policy": json.dumps(GRANTED)},
    "aws:s3/bucketPolicy:BucketPolicy": {"bucket": "intake", "policy": json.dumps(CLEAN_ONLY)},
    SSE: {
        "bucket": "intake",
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
                "bucketKeyEnabled": True,
            }
        ],
    },
    "aws:dynamodb/table:Table": {
        "name": "records",
        "arn": TABLE,
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY},
    },
    "aws:sqs/queue:Queue": {"name": "work", "arn": QUEUE, "url": URL, "kmsMasterKeyId": "alias/shop"},
    "aws:sns/topic:Topic": {"name": "alerts", "arn": TOPIC, "kmsMasterKeyId": "k1"},
    "aws:lambda/function:Function": {"name": "echo", "arn": FUNCTION, "kmsKeyArn": KEY},
    "aws:kms/key:Key": {"keyId": "k1", "arn": KEY},
    "aws:kms/keyPolicy:KeyPolicy": {"keyId": "k1", "policy": json.dumps(KEY_POLICY)},
    "aws:kms/alias:Alias": {"name": "alias/shop", "targetKeyId": "k1"},
}


class Stack:
    """The deployment above; change it, and see what a call is answered."""

    def __init__(self) -> None:
        self.deployed = Deployed()
        self.tags: dict[str, Mapping[str, str]] = {"cat.jpg": CLEAN}
        self.judge = Judge(self.deployed, tags_of=lambda bucket, key, version: self.tags.get(key, {}))
        for token, properties in RESOURCES.items():
            self.put(token, properties)

    def put(self, token: str, properties: dict[str, Any], name: str = "one") -> None:
        identity = properties.get("keyId", properties.get("name", name))
        self.deployed.put(
            Resource(urn=f"{token}:{name}", type=token, id=str(identity), properties=properties)
        )

    def change(self, token: str, **properties: Any) -> None:
        self.put(token, RESOURCES[token] | properties)

    def remove(self, token: str) -> None:
        resource = self.deployed.of_type(token)[0]
        self.deployed.remove(resource.urn, resource.id)

    def ask(self, service: str, operation: str, **parameters: Any) -> Decision | None:
        return self.judge.call(SESSION, call(service, operation, **parameters))


def call(service: str, operation: str, **parameters: Any) -> Call:
    return Call(service=service, operation=operation, parameters=parameters, account=ACCOUNT, region=REGION)


@pytest.fixture
def stack() -> Stack:
    return Stack()


GET: dict[str, Any] = {"Bucket": "intake", "Key": "cat.jpg"}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "GetObject", GET),
    ("s3", "PutObject", GET),
    ("dynamodb", "PutItem", {"TableName": "records"}),
    ("sqs", "ReceiveMessage", {"QueueUrl": URL}),
    ("sqs", "SendMessage", {"QueueUrl": URL}),
    ("sns", "Publish", {"TopicArn": TOPIC}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS)
def test_what_role_resource_and_key_agree_on_is_allowed(
    stack: Stack, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    assert stack.ask(service, operation, **parameters) is None
    assert stack.judge.denials() == []


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS)
def test_without_the_policy_of_the_role_everything_is_denied(
    stack: Stack, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    stack.remove("aws:iam/rolePolicy:RolePolicy")

    denied = stack.ask(service, operation, **parameters)

    assert denied
    assert denied.request.action == f"{service}:{operation}"


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS)
def test_without_the_policy_of_the_key_its_use_is_denied(
    stack: Stack, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    stack.remove("aws:kms/keyPolicy:KeyPolicy")

    denied = stack.ask(service, operation, **parameters)

    assert denied
    assert denied.request.resource == KEY
    assert denied.request.action in ("kms:Decrypt", "kms:GenerateDataKey")


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS)
def test_a_key_is_open_only_by_way_of_the_service_that_the_policy_names(
    stack: Stack, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    elsewhere = document(key_use("kms:Decrypt", "kms:GenerateDataKey", via="ec2"))
    stack.change("aws:kms/keyPolicy:KeyPolicy", policy=elsewhere)

    assert stack.ask(service, operation, **parameters)


def test_the_bucket_policy_stands_between_role_and_unclean_object(stack: Stack) -> None:
    for tags in ({}, {"scan": "infected"}, {"Scan": "clean"}):
        stack.tags["cat.jpg"] = tags
        denied = stack.ask("s3", "GetObject", **GET)
        assert denied
        assert "statement 'OnlyClean' of bucket policy of 'intake'" in denied.reason

    stack.remove("aws:s3/bucketPolicy:BucketPolicy")
    assert stack.ask("s3", "GetObject", **GET) is None


def test_tags_are_looked_up_only_where_a_policy_asks_for_them(stack: Stack) -> None:
    stack.judge = Judge(stack.deployed, tags_of=lambda *_: pytest.fail("nobody asked"))

    assert stack.ask("s3", "PutObject", **GET) is None


def test_a_copy_of_an_untagged_object_needs_no_tag_permissions(stack: Stack) -> None:
    stack.remove("aws:s3/bucketPolicy:BucketPolicy")
    copy = {"Bucket": "intake", "Key": "copy.jpg", "CopySource": "intake/cat.jpg"}

    denied = stack.ask("s3", "CopyObject", **copy)
    assert denied
    assert denied.request.action == "s3:GetObjectTagging"

    stack.tags["cat.jpg"] = {}
    assert stack.ask("s3", "CopyObject", **copy) is None


def test_a_change_of_the_deployment_counts_from_the_next_call(stack: Stack) -> None:
    put = {"TableName": "records"}
    assert stack.ask("dynamodb", "PutItem", **put) is None

    stack.change("aws:iam/rolePolicy:RolePolicy", policy=document(allow("dynamodb:GetItem", on=TABLE)))

    assert stack.ask("dynamodb", "PutItem", **put)
    assert stack.ask("dynamodb", "GetItem", **put) is None


def test_policies_are_found_wherever_a_role_can_have_them(stack: Stack) -> None:
    stack.remove("aws:iam/rolePolicy:RolePolicy")
    put = {"TableName": "records"}
    stack.change("aws:iam/role:Role", inlinePolicies=[{"name": "in", "policy": json.dumps(GRANTED)}])
    assert stack.ask("dynamodb", "PutItem", **put) is None

    arn = f"arn:aws:iam::{ACCOUNT}:policy/work"
    stack.change("aws:iam/role:Role")
    stack.put("aws:iam/policy:Policy", {"name": "work", "arn": arn, "policy": GRANTED})
    assert stack.ask("dynamodb", "PutItem", **put)
    stack.put("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": "worker", "policyArn": arn})
    assert stack.ask("dynamodb", "PutItem", **put) is None


@pytest.mark.parametrize(
    "change",
    [
        {"permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/edge"},
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
    ],
)
def test_what_cannot_be_judged_is_an_error_and_recorded(stack: Stack, change: dict[str, Any]) -> None:
    stack.change("aws:iam/role:Role", **change)

    with pytest.raises(PolicyError, match="role 'worker'"):
        stack.ask("dynamodb", "PutItem", TableName="records")

    assert len(stack.judge.errors()) == 1
    assert stack.judge.allowed() == []
    assert stack.judge.unused() == []


def test_an_operation_nobody_knows_is_an_error_and_recorded(stack: Stack) -> None:
    with pytest.raises(UnknownOperationError):
        stack.ask("s3", "PutBucketAcl", Bucket="intake")

    assert "s3:PutBucketAcl" in stack.judge.errors()[0]


def test_policies_of_queues_topics_and_tables_have_a_say(stack: Stack) -> None:
    closed = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    for token, properties, asked in (
        ("aws:sqs/queuePolicy:QueuePolicy", {"queueUrl": URL}, CALLS[4]),
        ("aws:sns/topicPolicy:TopicPolicy", {"arn": TOPIC}, CALLS[5]),
        ("aws:dynamodb/resourcePolicy:ResourcePolicy", {"resourceArn": TABLE}, CALLS[2]),
    ):
        service, operation, parameters = asked
        stack.put(token, properties | {"policy": json.dumps(document(closed))})
        denied = stack.ask(service, operation, **parameters)
        assert denied
        assert "resource-based" in denied.cause


def test_requests_count_as_made_over_tls(stack: Stack) -> None:
    plain = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    stack.change("aws:s3/bucketPolicy:BucketPolicy", policy=document(plain))

    assert stack.ask("s3", "GetObject", **GET) is None


def test_a_key_without_a_policy_leaves_it_to_the_account(stack: Stack) -> None:
    stack.remove("aws:kms/keyPolicy:KeyPolicy")
    more = {**GRANTED, "Statement": [*GRANTED["Statement"], allow("kms:Decrypt", on=KEY)]}
    stack.put("aws:iam/rolePolicy:RolePolicy", {"role": "worker", "name": "work", "policy": more})

    assert stack.ask("s3", "GetObject", **GET) is None
    assert stack.ask("s3", "PutObject", **GET)


def test_the_encryption_context_is_the_bucket_with_a_bucket_key_and_else_the_object(stack: Stack) -> None:
    def only_for(arn: str) -> dict[str, Any]:
        condition = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": arn}}
        return document(allow("kms:Decrypt", Principal={"AWS": ROLE}, Condition=condition))

    stack.change("aws:kms/keyPolicy:KeyPolicy", policy=only_for("arn:aws:s3:::intake"))
    assert stack.ask("s3", "GetObject", **GET) is None

    rule = {**RESOURCES[SSE]["rules"][0], "bucketKeyEnabled": False}
    stack.change(SSE, rules=[rule])
    assert stack.ask("s3", "GetObject", **GET)
    stack.change("aws:kms/keyPolicy:KeyPolicy", policy=only_for("arn:aws:s3:::intake/cat.jpg"))
    assert stack.ask("s3", "GetObject", **GET) is None


def test_keys_of_aws_admit_everyone_who_may_use_the_resource(stack: Stack) -> None:
    stack.change("aws:sqs/queue:Queue", kmsMasterKeyId="alias/aws/sqs")
    stack.remove("aws:kms/keyPolicy:KeyPolicy")

    assert stack.ask("sqs", "ReceiveMessage", QueueUrl=URL) is None


def test_a_key_that_is_not_deployed_is_an_error(stack: Stack) -> None:
    stack.change("aws:sqs/queue:Queue", kmsMasterKeyId="alias/gone")

    with pytest.raises(PolicyError, match="alias/gone"):
        stack.ask("sqs", "ReceiveMessage", QueueUrl=URL)


def test_a_key_that_is_called_directly_is_judged_by_its_policy(stack: Stack) -> None:
    direct = document(allow("kms:Decrypt", Principal={"AWS": ROLE}))
    stack.change("aws:kms/keyPolicy:KeyPolicy", policy=direct)

    assert stack.ask("kms", "Decrypt", KeyId="alias/shop") is None
    denied = stack.ask("kms", "Encrypt", KeyId="alias/shop")
    assert denied
    assert denied.request.resource == KEY


def test_a_function_starts_if_its_role_trusts_lambda_and_its_environment_opens(stack: Stack) -> None:
    assert stack.judge.start(SESSION, FUNCTION) is None

    stack.remove("aws:kms/keyPolicy:KeyPolicy")
    closed = stack.judge.start(SESSION, FUNCTION)
    assert closed
    assert closed.request.action == "kms:Decrypt"

    other = json.dumps(TRUST).replace("lambda", "states")
    stack.change("aws:iam/role:Role", assumeRolePolicy=other)
    untrusted = stack.judge.start(SESSION, FUNCTION)
    assert untrusted
    assert untrusted.request.action == "sts:AssumeRole"


def test_only_the_code_of_a_function_has_its_arn_as_source(stack: Stack) -> None:
    condition = {"ArnEquals": {"lambda:SourceFunctionArn": FUNCTION}}
    only_code = document(allow("sqs:ReceiveMessage", on=QUEUE, Condition=condition))
    stack.change("aws:iam/rolePolicy:RolePolicy", policy=only_code)
    receive = call("sqs", "ReceiveMessage", QueueUrl=URL)

    assert stack.judge.call(SESSION, receive) is None
    assert stack.judge.call(RoleSession(role_arn=ROLE, session="echo"), receive)


def test_what_was_granted_and_never_used_is_listed_by_statement_action_and_resource(stack: Stack) -> None:
    bucket = ["arn:aws:s3:::intake", "arn:aws:s3:::intake/*"]
    policy = document(
        allow("s3:GetObject", "s3:PutObject", "s3:ListBucket", on=bucket),
        allow("dynamodb:PutItem", on=TABLE, Sid="Write"),
    )
    stack.change("aws:iam/rolePolicy:RolePolicy", policy=policy)
    stack.change("aws:kms/keyPolicy:KeyPolicy", policy=document(key_use("kms:Decrypt", "kms:Sign", via="s3")))
    assert stack.ask("s3", "GetObject", **GET) is None

    inline = "inline policy 'work' of role 'worker'"
    assert [(one.statement, one.action, one.resource) for one in stack.judge.unused()] == [
        ("statement 'Write' of " + inline, "dynamodb:PutItem", TABLE),
        ("statement 0 of " + inline, "s3:ListBucket", "arn:aws:s3:::intake"),
        ("statement 0 of " + inline, "s3:PutObject", "arn:aws:s3:::intake/*"),
        ("statement 0 of key policy of 'alias/shop'", "kms:Sign", "*"),
    ]
    assert {one.role for one in stack.judge.unused()} == {ROLE}


def test_denials_are_listed_once_with_their_number(stack: Stack) -> None:
    for key in ("b", "a", "b"):
        assert stack.ask("s3", "DeleteObject", Bucket="intake", Key=key)

    denials = stack.judge.denials()

    assert [(one.principal, one.action, one.resource, one.times) for one in denials] == [
        (ROLE, "s3:DeleteObject", "arn:aws:s3:::intake/a", 1),
        (ROLE, "s3:DeleteObject", "arn:aws:s3:::intake/b", 2),
    ]


def test_many_threads_may_ask_at_once(stack: Stack) -> None:
    with ThreadPoolExecutor(8) as threads:
        for answer in threads.map(lambda _: stack.ask("s3", "DeleteObject", **GET), range(200)):
            assert answer

    assert [one.times for one in stack.judge.denials()] == [200]


USER = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worker/echo is not authorized to perform:"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "status", "message"),
    [
        (
            "s3", "DeleteObject", GET, "AccessDenied", 403,
            f'{USER} s3:DeleteObject on resource: "arn:aws:s3:::intake/cat.jpg" '
            "because no identity-based policy allows the s3:DeleteObject action",
        ),
        ("s3", "HeadObject", GET | {"VersionId": "v"}, "403", 403, "Forbidden"),
        (
            "dynamodb", "Scan", {"TableName": "records"}, "AccessDeniedException", 400,
            f"{USER} dynamodb:Scan on resource: {TABLE} "
            "because no identity-based policy allows the dynamodb:Scan action",
        ),
        (
            "sns", "Publish", {"TopicArn": TOPIC + "2"}, "AuthorizationError", 403,
            f"{USER} sns:Publish on resource: {TOPIC}2 "
            "because no identity-based policy allows the sns:Publish action",
        ),
    ],
)  # fmt: skip
def test_a_denied_caller_sees_the_error_of_the_service(
    stack: Stack,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    code: str,
    status: int,
    message: str,
) -> None:
    denied = stack.ask(service, operation, **parameters)

    assert denied
    seen = refusal(call(service, operation, **parameters), denied)
    assert (seen.code, seen.status, seen.message) == (code, status, message)


def test_a_denial_by_the_key_is_told_as_the_service_tells_it(stack: Stack) -> None:
    stack.remove("aws:kms/keyPolicy:KeyPolicy")

    codes = {}
    for service, operation, parameters in CALLS:
        denied = stack.ask(service, operation, **parameters)
        assert denied
        codes[service] = refusal(call(service, operation, **parameters), denied).code

    assert codes == {
        "s3": "AccessDenied",
        "dynamodb": "AccessDeniedException",
        "sqs": "KMS.AccessDeniedException",
        "sns": "KMSAccessDenied",
    }
