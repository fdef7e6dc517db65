"""Examples that AWS publishes of conditions, with their outcome."""

from tests.local.permissions.example import (
    ACCOUNT,
    ALLOWED,
    BUCKET,
    DENIED,
    EVERYTHING,
    NOT_ALLOWED,
    OBJECTS,
    ROLE,
    USER,
    Example,
    allow,
    case,
    deny,
    doc,
)

PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
UNCLEAN = {"StringNotEquals": {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"}}
TAG = "s3:ExistingObjectTag/GuardDutyMalwareScanStatus"
TAG_KEYS, REGION = "aws:TagKeys", "aws:RequestedRegion"

EXAMPLES = [
    Example(
        page="IAM JSON policy elements: Condition operators, IfExists",
        identity=[
            doc(
                allow(
                    "ec2:RunInstances",
                    Condition={"StringLikeIfExists": {"ec2:InstanceType": ["t2.*", "m3.*"]}},
                )
            )
        ],
        cases=[
            case("ec2:RunInstances", "*", ALLOWED, having={"ec2:InstanceType": "t2.micro"}),
            case("ec2:RunInstances", "*", NOT_ALLOWED, having={"ec2:InstanceType": "c5.large"}),
            case("ec2:RunInstances", "*", ALLOWED),
        ],
    ),
    Example(
        page="IAM JSON policy elements: Condition operators, Null",
        identity=[
            doc(
                allow("s3:GetObject", Condition={"Null": {"aws:TokenIssueTime": "true"}}),
                allow("s3:PutObject", Condition={"Null": {"aws:TokenIssueTime": "false"}}),
            )
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED),
            case("s3:PutObject", "arn:aws:s3:::demo/x", NOT_ALLOWED),
            case(
                "s3:GetObject",
                "arn:aws:s3:::demo/x",
                NOT_ALLOWED,
                having={"aws:TokenIssueTime": "2026-01-01"},
            ),
            case("s3:PutObject", "arn:aws:s3:::demo/x", ALLOWED, having={"aws:TokenIssueTime": "2026-01-01"}),
        ],
    ),
    Example(
        page="IAM JSON policy elements: Condition operators, Binary",
        identity=[
            doc(allow("s3:GetObject", Condition={"BinaryEquals": {"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}))
        ],
        cases=[
            case(
                "s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED, having={"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}
            ),
            case("s3:GetObject", "arn:aws:s3:::demo/x", NOT_ALLOWED, having={"key": "QmluYXJ5"}),
            case("s3:GetObject", "arn:aws:s3:::demo/x", NOT_ALLOWED),
        ],
    ),
    Example(
        page="IAM JSON policy elements: Condition operators, Date and Numeric",
        identity=[
            doc(
                allow(
                    "s3:GetObject", Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}
                ),
                allow("s3:ListBucket", Condition={"NumericLessThanEquals": {"s3:max-keys": "10"}}),
            )
        ],
        cases=[
            case(
                "s3:GetObject",
                "arn:aws:s3:::demo/x",
                ALLOWED,
                having={"aws:CurrentTime": "2026-01-01T00:00:01Z"},
            ),
            case(
                "s3:GetObject", "arn:aws:s3:::demo/x", NOT_ALLOWED, having={"aws:CurrentTime": "1767225600"}
            ),
            case("s3:ListBucket", BUCKET, ALLOWED, having={"s3:max-keys": "10"}),
            case("s3:ListBucket", BUCKET, NOT_ALLOWED, having={"s3:max-keys": "11"}),
            case("s3:ListBucket", BUCKET, NOT_ALLOWED),
        ],
    ),
    Example(
        page="Multivalued context key examples: Deny with ForAllValues",
        identity=[
            EVERYTHING,
            doc(
                deny(
                    ["iam:Tag*", "iam:UnTag*"],
                    Condition={
                        "Null": {TAG_KEYS: "false"},
                        "ForAllValues:StringLike": {TAG_KEYS: ["key1*", "key2*", "key3*"]},
                    },
                )
            ),
        ],
        cases=[
            case("iam:TagUser", USER, DENIED, having={TAG_KEYS: ["key1:personnel"]}),
            case("iam:TagUser", USER, DENIED, having={TAG_KEYS: ["key1:personnel", "key2:clerk"]}),
            case("iam:TagUser", USER, ALLOWED, having={TAG_KEYS: ["key1:personnel", "owner"]}),
            case("iam:TagUser", USER, ALLOWED, having={TAG_KEYS: ["owner"]}),
            case("iam:TagUser", USER, ALLOWED),
        ],
    ),
    Example(
        page="Multivalued context key examples: Deny with ForAnyValue",
        identity=[
            EVERYTHING,
            doc(
                deny(
                    ["ec2:CreateSnapshot", "ec2:CreateSnapshots"],
                    "arn:aws:ec2:us-west-2::snapshot/*",
                    Condition={"ForAnyValue:StringEquals": {TAG_KEYS: ["environment", "webserver"]}},
                )
            ),
        ],
        cases=[
            case(
                "ec2:CreateSnapshot",
                "arn:aws:ec2:us-west-2::snapshot/s",
                DENIED,
                having={TAG_KEYS: ["webserver"]},
            ),
            case(
                "ec2:CreateSnapshot",
                "arn:aws:ec2:us-west-2::snapshot/s",
                DENIED,
                having={TAG_KEYS: ["environment", "department"]},
            ),
            case(
                "ec2:CreateSnapshot",
                "arn:aws:ec2:us-west-2::snapshot/s",
                ALLOWED,
                having={TAG_KEYS: ["owner"]},
            ),
            case("ec2:CreateSnapshot", "arn:aws:ec2:us-west-2::snapshot/s", ALLOWED),
        ],
    ),
    Example(
        page="Conditions with multiple context keys or values: AND of operators and keys, OR of values",
        resource=[
            doc(
                allow(
                    "s3:GetObject",
                    OBJECTS,
                    Principal="*",
                    Condition={
                        "StringEquals": {
                            "aws:PrincipalTag/department": ["finance", "hr", "legal"],
                            "aws:PrincipalTag/role": ["audit", "security"],
                        },
                        "ArnLike": {
                            "aws:PrincipalArn": [
                                f"arn:aws:iam::{ACCOUNT}:user/*",
                                f"arn:aws:iam::{ACCOUNT}:role/w*",
                            ]
                        },
                    },
                )
            )
        ],
        cases=[
            case(
                "s3:GetObject",
                "arn:aws:s3:::demo/x",
                expected,
                having={
                    "aws:PrincipalTag/department": department,
                    "aws:PrincipalTag/role": role,
                    "aws:PrincipalArn": arn,
                },
            )
            for department, role, arn, expected in (
                ("finance", "audit", ROLE, ALLOWED),
                ("legal", "security", USER, ALLOWED),
                ("sales", "audit", ROLE, NOT_ALLOWED),
                ("hr", "clerk", ROLE, NOT_ALLOWED),
                ("hr", "audit", f"arn:aws:iam::{ACCOUNT}:role/other", NOT_ALLOWED),
            )
        ],
    ),
    Example(
        page="Conditions with multiple context keys or values: NOR between the values of a negated operator",
        identity=[
            doc(
                allow("s3:*"),
                deny("s3:*", Condition={"StringNotEquals": {"aws:PrincipalTag/team": ["red", "blue"]}}),
            )
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED, having={"aws:PrincipalTag/team": "red"}),
            case("s3:GetObject", "arn:aws:s3:::demo/x", DENIED, having={"aws:PrincipalTag/team": "green"}),
            case("s3:GetObject", "arn:aws:s3:::demo/x", DENIED),
        ],
    ),
    Example(
        page="AWS: Denies access to AWS based on the requested Region",
        identity=[
            EVERYTHING,
            doc(
                {
                    "Effect": "Deny",
                    "NotAction": ["cloudfront:*", "iam:*", "route53:*", "support:*"],
                    "Resource": "*",
                    "Condition": {"StringNotEquals": {REGION: ["eu-central-1", "eu-west-1"]}},
                }
            ),
        ],
        cases=[
            case("ec2:RunInstances", "*", ALLOWED, having={REGION: "eu-west-1"}),
            case("ec2:RunInstances", "*", DENIED, having={REGION: "us-east-1"}),
            case("iam:ListUsers", "*", ALLOWED, having={REGION: "us-east-1"}),
        ],
    ),
    Example(
        page="AWS: Denies access to AWS based on the source IP",
        identity=[
            EVERYTHING,
            doc(
                deny(
                    "*",
                    Condition={
                        "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
                        "Bool": {"aws:ViaAWSService": "false"},
                    },
                )
            ),
        ],
        cases=[
            case(
                "s3:GetObject",
                "arn:aws:s3:::demo/x",
                expected,
                having={"aws:SourceIp": ip, "aws:ViaAWSService": via},
            )
            for ip, via, expected in (
                ("192.0.2.7", "false", ALLOWED),
                ("203.0.113.255", "false", ALLOWED),
                ("198.51.100.1", "false", DENIED),
                ("198.51.100.1", "true", ALLOWED),
            )
        ],
    ),
    Example(
        page="Amazon S3, Examples of bucket policies: requiring TLS, and full control for the bucket's owner",
        identity=[EVERYTHING],
        resource=[
            doc(
                deny("s3:*", [BUCKET, OBJECTS], Principal="*", Condition=PLAIN_HTTP),
                deny(
                    "s3:PutObject",
                    OBJECTS,
                    Principal={"AWS": "*"},
                    Condition={"StringNotEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
                ),
            )
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED, having={"aws:SecureTransport": "true"}),
            case("s3:GetObject", "arn:aws:s3:::demo/x", DENIED, having={"aws:SecureTransport": "false"}),
            case("s3:GetObject", "arn:aws:s3:::other/x", ALLOWED, having={"aws:SecureTransport": "false"}),
            case("s3:PutObject", "arn:aws:s3:::demo/x", DENIED),
            case(
                "s3:PutObject",
                "arn:aws:s3:::demo/x",
                ALLOWED,
                having={"s3:x-amz-acl": "bucket-owner-full-control"},
            ),
        ],
    ),
    Example(
        page="Amazon GuardDuty, Using tag-based access control with Malware Protection for S3",
        identity=[EVERYTHING],
        resource=[
            doc(deny(["s3:GetObject", "s3:GetObjectVersion"], OBJECTS, Principal="*", Condition=UNCLEAN))
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED, having={TAG: "NO_THREATS_FOUND"}),
            case("s3:GetObject", "arn:aws:s3:::demo/x", DENIED, having={TAG: "THREATS_FOUND"}),
            case("s3:GetObjectVersion", "arn:aws:s3:::demo/x", DENIED),
            case("s3:PutObject", "arn:aws:s3:::demo/x", ALLOWED),
        ],
    ),
]
