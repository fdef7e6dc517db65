"""What who operates the stack does with its keys: administers them, and works with what they encrypt.

The key policies leave this to the account's own principals. It is done for real, and leaves all as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.demo.readback import Names
from local.stack import LocalStack

NAME = "drill"
TAG = {"TagKey": NAME, "TagValue": "true"}


@dataclass(frozen=True, kw_only=True)
class Administration:
    """Acts as the operator of a running stack."""

    stack: LocalStack
    names: Names

    def carry_out(self) -> None:
        """Do everything once, on every key.

        Raises
        ------
        ClientError
            Something is not allowed, or does not work.
        """
        outputs = self.stack.outputs()
        for place in ("objects", "foundation"):
            self._administer(outputs[place]["keyArn"], outputs[place]["keyAlias"])
        self._work_with_stores(outputs["objects"]["keyArn"])
        self._work_with_function(self.names.worker)
        self._client("sns").publish(
            TopicArn=outputs["foundation"]["alertsTopicArn"], Message="A drill: nothing is wrong"
        )

    def _administer(self, key: str, alias: str) -> None:
        kms, of = self._client("kms"), {"KeyId": key.rpartition("/")[2]}
        description = kms.describe_key(**of)["KeyMetadata"]["Description"]
        policy = kms.get_key_policy(**of, PolicyName="default")["Policy"]
        kms.put_key_policy(**of, PolicyName="default", Policy=policy)
        for look in (
            kms.list_key_policies,
            kms.list_resource_tags,
            kms.list_grants,
            kms.get_key_rotation_status,
        ):
            look(**of)
        kms.update_key_description(**of, Description=description)
        kms.tag_resource(**of, Tags=[TAG])
        kms.untag_resource(**of, TagKeys=[NAME])
        kms.disable_key_rotation(**of)
        kms.enable_key_rotation(**of)
        kms.update_alias(AliasName=alias, TargetKeyId=key)
        kms.delete_alias(AliasName=alias)
        kms.create_alias(AliasName=alias, TargetKeyId=key)
        _expect("NotFoundException", lambda: kms.revoke_grant(**of, GrantId="0" * 64))
        kms.disable_key(**of)
        kms.enable_key(**of)
        kms.schedule_key_deletion(**of, PendingWindowInDays=30)
        kms.cancel_key_deletion(**of)
        kms.enable_key(**of)

    def _work_with_stores(self, key: str) -> None:
        """Set up a table with the key, as a restore does; begin and call off an upload; send a test event."""
        dynamodb = self._client("dynamodb")
        dynamodb.create_table(
            TableName=NAME,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        )
        dynamodb.delete_table(TableName=NAME)
        s3, place = self._client("s3"), {"Bucket": self.names.intake, "Key": f"{NAME}.csv"}
        s3.abort_multipart_upload(**place, UploadId=s3.create_multipart_upload(**place)["UploadId"])
        # The worker has nothing to do for it.
        test_event = '{"Service":"Amazon S3","Event":"s3:TestEvent"}'
        self._client("sqs").send_message(QueueUrl=self.names.work_queue, MessageBody=test_event)

    def _work_with_function(self, function: str) -> None:
        settings = self._client("lambda").get_function_configuration(FunctionName=function)
        self._client("lambda").update_function_configuration(
            FunctionName=function, Description=settings["Description"]
        )

    def _client(self, service: str) -> Any:
        return self.stack.operator(service, self.names.region)


def _expect(code: str, act: Callable[[], object]) -> None:
    """Do what is allowed and cannot be done."""
    try:
        act()
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
