"""Examples that AWS publishes of the elements of statements and of variables, with their outcome."""

from tests.local.permissions.example import (
    ACCOUNT,
    ALLOWED,
    BUCKET,
    DENIED,
    EVERYTHING,
    NOT_ALLOWED,
    USER,
    Example,
    allow,
    case,
    doc,
)

NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}

EXAMPLES = [
    Example(
        page="IAM JSON policy elements: NotAction, with Allow",
        identity=[doc({"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"})],
        cases=[
            case("s3:PutObject", "arn:aws:s3:::demo/x", ALLOWED),
            case("s3:DeleteBucket", BUCKET, NOT_ALLOWED),
            case("sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:work", NOT_ALLOWED),
        ],
    ),
    Example(
        page="IAM JSON policy elements: NotAction, with Deny and BoolIfExists",
        identity=[
            EVERYTHING,
            doc({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": NO_MFA}),
        ],
        cases=[
            case("ec2:RunInstances", "*", DENIED, having={"aws:MultiFactorAuthPresent": "false"}),
            case("ec2:RunInstances", "*", DENIED),
            case("ec2:RunInstances", "*", ALLOWED, having={"aws:MultiFactorAuthPresent": "true"}),
            case("iam:ListUsers", "*", ALLOWED, having={"aws:MultiFactorAuthPresent": "false"}),
        ],
    ),
    Example(
        page="IAM JSON policy elements: NotResource",
        identity=[
            EVERYTHING,
            doc(
                {
                    "Effect": "Deny",
                    "Action": "s3:*",
                    "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"],
                }
            ),
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/may", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::HRBucket/Holidays", DENIED),
            case("s3:GetObject", "arn:aws:s3:::other/x", DENIED),
            case("sqs:ReceiveMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:work", ALLOWED),
        ],
    ),
    Example(
        page="IAM JSON policy elements: Action",
        identity=[doc(allow(["iam:*AccessKey*", "EC2:startinstances", "sqs:Get????????????"]))],
        cases=[
            case("iam:CreateAccessKey", USER, ALLOWED),
            case("iam:ListAccessKeys", USER, ALLOWED),
            case("iam:CreateUser", USER, NOT_ALLOWED),
            case("ec2:StartInstances", "*", ALLOWED),
        ],
    ),
    Example(
        page="IAM JSON policy elements: Resource, wildcards in the path of an object",
        identity=[doc(allow("s3:GetObject", "arn:aws:s3:::demo/*/test/*"))],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/1/test/object.jpg", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1/2/test/object.jpg", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1/2/test/3/object.jpg", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1/2/3/test/4/object.jpg", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1///test///object.jpg", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1/test/.jpg", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo//test/object.jpg", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1/test/", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1-test/object.jpg", NOT_ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/test/object.jpg", NOT_ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/1/2/test.jpg", NOT_ALLOWED),
        ],
    ),
    Example(
        page="IAM JSON policy elements: Resource, incomplete ARNs and segments",
        identity=[
            doc(allow("sqs:SendMessage", "arn:aws:sqs"), allow("sns:Publish", "arn:aws:sns:*:*:al?rts"))
        ],
        cases=[
            case("sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:any", ALLOWED),
            case("sns:Publish", f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts", ALLOWED),
            case("sns:Publish", f"arn:aws:sns:eu-central-1:{ACCOUNT}:alarms", NOT_ALLOWED),
        ],
    ),
    Example(
        page="IAM policy elements: Variables and tags, the user's own folder",
        identity=[
            doc(
                allow(
                    "s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": ["${aws:username}/*"]}}
                ),
                allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::demo/${aws:username}/*"),
            )
        ],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/carlos/x", ALLOWED, having={"aws:username": "carlos"}),
            case("s3:GetObject", "arn:aws:s3:::demo/maria/x", NOT_ALLOWED, having={"aws:username": "carlos"}),
            case("s3:GetObject", "arn:aws:s3:::demo/carlos/x", NOT_ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/${aws:username}/x", NOT_ALLOWED),
            case("s3:ListBucket", BUCKET, ALLOWED, having={"aws:username": "a", "s3:prefix": "a/x"}),
            case("s3:ListBucket", BUCKET, NOT_ALLOWED, having={"aws:username": "a", "s3:prefix": "b/x"}),
        ],
    ),
    Example(
        page="IAM policy elements: Variables and tags, default values",
        identity=[doc(allow("s3:GetObject", "arn:aws:s3:::demo/${aws:PrincipalTag/team, 'company-wide'}/*"))],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/red/x", ALLOWED, having={"aws:PrincipalTag/team": "red"}),
            case("s3:GetObject", "arn:aws:s3:::demo/company-wide/x", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/red/x", NOT_ALLOWED),
        ],
    ),
    Example(
        page="IAM policy elements: Variables and tags, special characters",
        identity=[doc(allow("s3:GetObject", "arn:aws:s3:::demo/${*}${?}${$}"))],
        cases=[
            case("s3:GetObject", "arn:aws:s3:::demo/*?$", ALLOWED),
            case("s3:GetObject", "arn:aws:s3:::demo/abc", NOT_ALLOWED),
        ],
    ),
]
