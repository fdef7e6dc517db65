"""Examples that AWS publishes of evaluation, principals and boundaries, with their outcome."""

from tests.local.permissions.example import (
    ACCOUNT,
    ALLOWED,
    DENIED,
    EVERYTHING,
    KEY,
    NOT_ALLOWED,
    OBJECTS,
    ROLE,
    ROOT,
    SESSION,
    TRAIL,
    USER,
    Example,
    allow,
    case,
    deny,
    doc,
)

EXAMPLES = [
    Example(
        page="Policy evaluation for requests within a single account",
        identity=[
            doc(
                allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*"),
                allow("s3:*", ["arn:aws:s3:::carlos-logs", "arn:aws:s3:::carlos-logs/*"]),
                deny("s3:*", "arn:aws:s3:::*log*"),
            )
        ],
        resource=[doc(allow(["s3:PutObject", "s3:PutObjectAcl"], "arn:aws:s3:::*", Principal={"AWS": USER}))],
        cases=[
            case("s3:PutObject", "arn:aws:s3:::carlos-logs/file", DENIED, caller=USER),
            case("s3:PutObject", "arn:aws:s3:::carlos-files/file", ALLOWED, caller=USER),
            case("s3:GetBucketLocation", "arn:aws:s3:::carlos-files", ALLOWED, caller=USER),
            case("s3:GetObject", "arn:aws:s3:::carlos-files/file", NOT_ALLOWED, caller=USER),
        ],
    ),
    Example(
        page="The difference between explicit and implicit denies",
        identity=[doc(allow("s3:ListAllMyBuckets"), deny("sqs:DeleteQueue"))],
        cases=[
            case("s3:ListAllMyBuckets", "*", ALLOWED),
            case("sqs:DeleteQueue", "*", DENIED),
            case("s3:PutObject", "arn:aws:s3:::demo/x", NOT_ALLOWED),
        ],
    ),
    Example(
        page="Permissions boundaries for IAM entities: a boundary does not grant",
        boundary=[doc(allow(["s3:*", "cloudwatch:*", "ec2:*"]))],
        cases=[case("s3:GetObject", "arn:aws:s3:::demo/x", NOT_ALLOWED, caller=USER)],
    ),
    Example(
        page="Permissions boundaries for IAM entities: what both allow",
        identity=[doc(allow("iam:CreateUser"), allow("s3:*"))],
        boundary=[doc(allow(["s3:*", "cloudwatch:*", "ec2:*"]))],
        cases=[
            case("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/new", NOT_ALLOWED, caller=USER),
            case("s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED, caller=USER),
        ],
    ),
    Example(
        page="Permissions boundaries for IAM entities: resource-based policies for users, roles and sessions",
        boundary=[doc(allow("sqs:*"))],
        resource=[
            doc(
                allow("s3:GetObject", OBJECTS, Principal={"AWS": USER}),
                allow("s3:PutObject", OBJECTS, Principal={"AWS": ROLE}),
                allow("s3:DeleteObject", OBJECTS, Principal={"AWS": SESSION}),
            )
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED, caller=USER),
            case("s3:PutObject", "arn:aws:s3:::demo/x", NOT_ALLOWED),
            case("s3:DeleteObject", "arn:aws:s3:::demo/x", ALLOWED),
        ],
    ),
    Example(
        page="AWS JSON policy elements: NotPrincipal, and a permissions boundary",
        identity=[EVERYTHING],
        boundary=[EVERYTHING],
        resource=[doc(deny("s3:*", OBJECTS, NotPrincipal={"AWS": [ROLE, ROOT]}))],
        cases=[case("s3:GetObject", "arn:aws:s3:::demo/x", DENIED)],
    ),
    Example(
        page="AWS JSON policy elements: NotPrincipal",
        identity=[EVERYTHING],
        resource=[
            doc(
                deny("s3:GetObject", OBJECTS, NotPrincipal={"AWS": [ROLE, ROOT]}),
                deny("s3:PutObject", OBJECTS, NotPrincipal={"AWS": [USER, ROOT]}),
                deny("s3:DeleteObject", OBJECTS, NotPrincipal={"AWS": ROLE}),
            )
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/x", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/x", DENIED, caller=USER),
            case("s3:PutObject", "arn:aws:s3:::demo/x", ALLOWED, caller=USER),
            case("s3:DeleteObject", "arn:aws:s3:::demo/x", DENIED),
        ],
    ),
    Example(
        page="AWS KMS, Default key policy: the account's IAM policies decide",
        identity=[doc(allow("kms:Decrypt", KEY))],
        resource=[doc(allow("kms:*", Principal={"AWS": ROOT}))],
        resource_decides=True,
        cases=[case("kms:Decrypt", KEY, ALLOWED), case("kms:Encrypt", KEY, NOT_ALLOWED)],
    ),
    Example(
        page="AWS KMS, Key policies: without the account's statement IAM policies allow nothing",
        identity=[EVERYTHING],
        resource=[doc(allow("kms:Decrypt", Principal={"AWS": USER}))],
        resource_decides=True,
        cases=[case("kms:Decrypt", KEY, NOT_ALLOWED), case("kms:Decrypt", KEY, ALLOWED, caller=USER)],
    ),
    Example(
        page="The confused deputy problem: cross-service, aws:SourceArn and aws:SourceAccount",
        resource=[
            doc(
                allow(
                    "s3:PutObject",
                    OBJECTS,
                    Principal={"Service": "cloudtrail.amazonaws.com"},
                    Condition={
                        "StringEquals": {"aws:SourceAccount": ACCOUNT},
                        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"},
                    },
                )
            )
        ],
        cases=[
            case(
                "s3:PutObject",
                "arn:aws:s3:::demo/x",
                expected,
                caller=service,
                having={"aws:SourceAccount": account, "aws:SourceArn": source},
            )
            for service, account, source, expected in (
                ("cloudtrail.amazonaws.com", ACCOUNT, TRAIL, ALLOWED),
                ("cloudtrail.amazonaws.com", "999999999999", TRAIL, NOT_ALLOWED),
                ("cloudtrail.amazonaws.com", ACCOUNT, TRAIL.replace(ACCOUNT, "999999999999"), NOT_ALLOWED),
                ("sns.amazonaws.com", ACCOUNT, TRAIL, NOT_ALLOWED),
            )
        ],
    ),
    Example(
        page="AWS JSON policy elements: Principal, a role trusts a service and a user",
        resource=[
            doc(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["ecs.amazonaws.com", "lambda.amazonaws.com"], "AWS": USER},
                    "Action": "sts:AssumeRole",
                    "Resource": "*",
                }
            )
        ],
        resource_decides=True,
        cases=[
            case("sts:AssumeRole", ROLE, ALLOWED, caller="lambda.amazonaws.com"),
            case("sts:AssumeRole", ROLE, ALLOWED, caller=USER),
            case("sts:AssumeRole", ROLE, NOT_ALLOWED, caller="events.amazonaws.com"),
            case("sts:TagSession", ROLE, NOT_ALLOWED, caller=USER),
        ],
    ),
]
