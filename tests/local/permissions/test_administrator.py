"""Who deploys and operates may do with a key what its policy leaves to the account, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.operating import judge_operator
from local.permissions.errors import PolicyError
from local.provider.emulation import ACCOUNT, Cloud
from tests.local.permissions.test_judge import REGION, Stack, allow, document

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k1"
ACCOUNT_ITSELF = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
NOBODY_LISTENS = "http://127.0.0.1:1"


@pytest.fixture
def stack() -> Stack:
    stack = Stack()
    stack.change("aws:kms/key:Key", arn=KEY)
    by_account = document(allow("kms:DisableKey", "kms:DeleteAlias", Principal=ACCOUNT_ITSELF))
    stack.change("aws:kms/keyPolicy:KeyPolicy", policy=json.dumps(by_account))
    return stack


def deployer(stack: Stack, folder: Path) -> Any:
    """A client of the provider; what is allowed goes on to a cloud that does not answer."""
    return Cloud(endpoint=NOBODY_LISTENS, code_folder=folder, judge=stack.judge).client("kms", REGION)


@pytest.mark.parametrize("reference", ["k1", KEY])
def test_the_provider_is_denied_what_a_deployed_key_does_not_allow(
    stack: Stack, tmp_path: Path, reference: str
) -> None:
    kms = deployer(stack, tmp_path)

    with pytest.raises(ClientError, match=r"AccessDenied.*kms:EnableKey on resource: .*key/k1"):
        kms.enable_key(KeyId=reference)
    with pytest.raises(BotoCoreError, match=r"127\.0\.0\.1"):
        kms.disable_key(KeyId=reference)


def test_an_alias_is_judged_by_the_key_behind_it(stack: Stack, tmp_path: Path) -> None:
    kms = deployer(stack, tmp_path)

    with pytest.raises(ClientError, match="kms:UpdateAlias"):
        kms.update_alias(AliasName="alias/shop", TargetKeyId="k1")
    with pytest.raises(BotoCoreError, match=r"127\.0\.0\.1"):
        kms.delete_alias(AliasName="alias/shop")


def test_a_key_that_is_still_being_made_is_left_to_the_account(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(BotoCoreError, match=r"127\.0\.0\.1"):
        deployer(stack, tmp_path).enable_key(KeyId="new")


def test_a_key_policy_that_cannot_be_read_is_an_error_and_no_permission(stack: Stack, tmp_path: Path) -> None:
    stack.change("aws:kms/keyPolicy:KeyPolicy", policy="{")

    with pytest.raises(PolicyError, match="not JSON"):
        deployer(stack, tmp_path).disable_key(KeyId="k1")


@pytest.mark.parametrize(
    ("operation", "answer"),
    [("DisableKey", {}), ("EnableKey", "AccessDeniedException"), ("InventKey", "kms:InventKey")],
)
def test_an_operator_hears_what_is_denied_and_what_cannot_be_judged(
    stack: Stack, operation: str, answer: Any
) -> None:
    question = {"service": "kms", "operation": operation, "region": REGION, "parameters": {"KeyId": KEY}}

    found = judge_operator(stack.judge, json.dumps(question).encode())

    assert answer in json.dumps(found) if answer else found == {}


def test_what_an_administrator_did_is_recorded_with_its_policies(stack: Stack) -> None:
    question = {"service": "kms", "operation": "DisableKey", "region": REGION, "parameters": {"KeyId": "k1"}}
    judge_operator(stack.judge, json.dumps(question).encode())

    (recorded,) = stack.judge.recorded()

    assert (recorded.request.action, recorded.request.resource, recorded.allowed) == (
        "kms:DisableKey",
        KEY,
        True,
    )
    assert recorded.plain()["policies"] == ["AdministratorAccess", "key policy of 'alias/shop'"]
