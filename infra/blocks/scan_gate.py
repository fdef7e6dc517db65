"""The malware gate of a bucket: every new object is scanned, and nobody reads it before it is found clean.

bucket ──► GuardDuty Malware Protection ──► tag on the object
                                        └─► event ──► rule `scanned`  (clean, or not scannable)
                                                  └─► rule `infected`
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.blocks.bucket import Bucket
from infra.blocks.clean_only import READS
from infra.blocks.role import Role, RoleArgs
from infra.naming import Kind, Scope
from infra.permissions import Statement, allow, document

INFECTED: Final = "THREATS_FOUND"
PLAN_SERVICE: Final = "malware-protection-plan.guardduty.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class ScanGateArgs:
    """The guarded bucket, the scanner's role, and the policy that lets it use the bucket's key."""

    scope: Scope
    bucket: Bucket
    scanner: Role
    key_policy: pulumi.Resource


class ScanGate(pulumi.ComponentResource):
    """A malware protection plan, and the rules that tell its results apart."""

    def __init__(self, name: str, args: ScanGateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:ScanGate", name, {}, opts)
        # A notification of ours without EventBridge would erase the one that the scan depends on.
        notification = aws.s3.BucketNotification(
            name, bucket=args.bucket.name, eventbridge=True, opts=pulumi.ResourceOptions(parent=self)
        )
        role_policy = aws.iam.RolePolicy(
            name,
            name="scan",
            role=args.scanner.name,
            policy=document(*scanner_permissions(args.scope, args.bucket)),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        # Scanned is what is kept: versions, encrypted with the key that the scanner may use.
        bucket_settings = [args.bucket.versioning, args.bucket.encryption, args.bucket.policy]
        self._plan(name, args, [notification, role_policy, *bucket_settings, args.key_policy])
        self.scanned_rule = self._rule(
            f"{name}-scanned",
            args,
            "scanned",
            "Scan results of objects that are clean or could not be scanned",
            [{"anything-but": [INFECTED]}],
        )
        self.infected_rule = self._rule(
            f"{name}-infected", args, "infected", "Scan results of infected objects", [INFECTED]
        )
        self.register_outputs({"scannedRule": self.scanned_rule, "infectedRule": self.infected_rule})

    def _plan(self, name: str, args: ScanGateArgs, needs: list[pulumi.Resource]) -> None:
        aws.guardduty.MalwareProtectionPlan(
            name,
            role=args.scanner.arn,
            protected_resource=aws.guardduty.MalwareProtectionPlanProtectedResourceArgs(
                s3_bucket=aws.guardduty.MalwareProtectionPlanProtectedResourceS3BucketArgs(
                    bucket_name=args.bucket.name
                )
            ),
            actions=[
                aws.guardduty.MalwareProtectionPlanActionArgs(
                    taggings=[aws.guardduty.MalwareProtectionPlanActionTaggingArgs(status="ENABLED")]
                )
            ],
            tags=args.scope.tags,
            # GuardDuty tries the role when the plan is made, and needs it when the plan is destroyed.
            opts=pulumi.ResourceOptions(parent=self, depends_on=needs, delete_before_replace=True),
        )

    def _rule(
        self, name: str, args: ScanGateArgs, purpose: str, description: str, status: list[Any]
    ) -> pulumi.Output[str]:
        rule = aws.cloudwatch.EventRule(
            name,
            name=args.scope.name(Kind.RULE, purpose),
            description=description,
            event_pattern=args.bucket.name.apply(partial(scan_result_pattern, status=status)),
            tags=args.scope.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        name_output: pulumi.Output[str] = rule.name
        return name_output


def scan_result_pattern(bucket: str, status: Sequence[Any]) -> str:
    """Return the pattern of GuardDuty's scan results for *bucket* with one of *status*."""
    return json.dumps(
        {
            "source": ["aws.guardduty"],
            "detail-type": ["GuardDuty Malware Protection Object Scan Result"],
            "detail": {
                "s3ObjectDetails": {"bucketName": [bucket]},
                "scanResultDetails": {"scanResultStatus": list(status)},
            },
        }
    )


def scanner_role(name: str, scope: Scope, opts: pulumi.ResourceOptions) -> Role:
    """Create the role that malware protection plans of this account assume."""
    args = RoleArgs(
        scope=scope,
        purpose="scan",
        description=f"Lets GuardDuty scan and tag the objects that {scope.system} takes in",
        service=PLAN_SERVICE,
        when={
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnLike": {"aws:SourceArn": scope.arn("guardduty", "malware-protection-plan/*")},
        },
    )
    return Role(name, args, opts)


def scanner_permissions(scope: Scope, bucket: Bucket) -> list[Statement]:
    """Return what AWS documents as needed by a malware protection plan, for one bucket."""
    rules = scope.arn("events", "rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*")
    return [
        allow(
            *("events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets"),
            on=rules,
            sid="ManageOwnRule",
            when={"StringEquals": {"events:ManagedBy": PLAN_SERVICE}},
        ),
        allow("events:DescribeRule", "events:ListTargetsByRule", on=rules, sid="WatchOwnRule"),
        allow(
            *(
                "s3:GetObjectTagging",
                "s3:GetObjectVersionTagging",
                "s3:PutObjectTagging",
                "s3:PutObjectVersionTagging",
            ),
            on=bucket.objects_arn,
            sid="TagObjects",
        ),
        allow(
            *("s3:GetBucketNotification", "s3:ListBucket", "s3:PutBucketNotification"),
            on=bucket.arn,
            sid="ReceiveUploads",
        ),
        allow(
            "s3:PutObject",
            on=bucket.arn.apply(validation_object_arn),
            sid="ValidateOwnership",
        ),
        allow(*READS, on=bucket.objects_arn, sid="ReadObjects"),
    ]


def validation_object_arn(bucket_arn: str) -> str:
    """Return the ARN of the object by which GuardDuty proves that it reaches the bucket."""
    return f"{bucket_arn}/malware-protection-resource-validation-object"
