"""The scan of the deployed program works with its plan's role, and stops without what that needs."""

import pytest

from local.provider.resources.guardduty import role_of, scan_queue, set_up
from local.scan_plans import PLAN, Plans
from local.scan_role import PlanStatus
from local.scan_work import STATUS_TAG, Place, ScanWork
from tests.local.deliveries.program import Program
from tests.local.deliveries.stage import REGION, arn

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
DENIED = {"scanResultStatus": "ACCESS_DENIED", "threats": None}


def bucket(program: Program) -> str:
    return str(program.resource("aws:s3/bucket:Bucket", "objects-intake").properties["bucket"])


def role(program: Program) -> str:
    return str(program.resource("aws:iam/role:Role", "objects-scan").properties["arn"])


def made(program: Program) -> PlanStatus:
    """Do what is done when the plan is made; return its status."""
    plan = program.resource(PLAN, "objects-scan")
    return set_up(
        program.cloud, REGION, plan.id, role_of(program.cloud, plan.properties["arn"], plan.properties)
    )


def scan(program: Program) -> tuple[str, object, str]:
    """Scan a new object; return status, result and what was wrong with tagging."""
    done = program.client("s3").put_object(Bucket=bucket(program), Key="a.csv", Body=b"1")
    place = Place(bucket=bucket(program), key="a.csv", version=done["VersionId"], etag="")
    work = ScanWork(program.cloud, program.resource(PLAN, "objects-scan"), place)
    status, result = work.look()
    return status, result, work.tag(result["scanResultStatus"])


def test_plan_and_scan_are_allowed_all_that_they_do(program: Program) -> None:
    assert made(program).name == program.resource(PLAN, "objects-scan").properties["status"] == "ACTIVE"
    assert scan(program) == ("COMPLETED", {"scanResultStatus": "NO_THREATS_FOUND", "threats": None}, "")
    assert program.denials() == []
    service = "malware-protection-plan.guardduty.amazonaws.com"
    assert (service, "sts:AssumeRole", role(program)) in program.judge.allowed()
    actions = {action for who, action, _ in program.judge.allowed() if who == role(program)}
    assert actions == {
        "events:DescribeRule", "events:ListTargetsByRule", "events:PutRule", "events:PutTargets",
        "kms:Decrypt", "kms:GenerateDataKey",
        "s3:GetBucketNotification", "s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:ListBucket",
        "s3:PutBucketNotification", "s3:PutObject", "s3:PutObjectVersionTagging",
    }  # fmt: skip


def test_the_plan_puts_a_validation_object_and_does_not_scan_it(program: Program) -> None:
    found = program.client("s3").list_objects_v2(Bucket=bucket(program), Prefix="malware-protection")
    assert [item["Key"] for item in found["Contents"]] == ["malware-protection-resource-validation-object"]

    plan = program.resource(PLAN, "objects-scan")
    sqs = program.client("sqs")
    url = sqs.get_queue_url(QueueName=scan_queue(plan.id))["QueueUrl"]
    waiting = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    assert not [message for message in waiting if "validation-object" in message["Body"]]


@pytest.mark.parametrize(
    ("sid", "status", "code", "action"),
    [
        ("ManageOwnRule", "ERROR", "EVENTBRIDGE_MANAGED_RULE_DISABLED", "events:PutRule"),
        ("WatchOwnRule", "ERROR", "EVENTBRIDGE_MANAGED_RULE_DISABLED", "events:DescribeRule"),
        ("ValidateOwnership", "WARNING", "INSUFFICIENT_TEST_OBJECT_PERMISSIONS", "s3:PutObject"),
        ("ReceiveUploads", "WARNING", "INSUFFICIENT_TEST_OBJECT_PERMISSIONS", "s3:ListBucket"),
    ],
)
def test_a_plan_whose_role_lacks_a_statement_is_not_active_and_says_why(program, sid, status, code, action):
    program.without(ROLE_POLICY, "objects-scan", sid)

    found = made(program)

    assert found.name == status
    (flaw,) = found.flaws
    assert flaw.code == code
    assert flaw.message.startswith(f"{action} on arn:aws:")
    assert action in {denied for who, denied, _ in program.denials() if who == role(program)}


def test_a_bucket_that_tells_eventbridge_nothing_is_an_error_unless_the_role_may_turn_that_on(
    program,
) -> None:
    s3 = program.client("s3")
    s3.put_bucket_notification_configuration(Bucket=bucket(program), NotificationConfiguration={})
    program.without(ROLE_POLICY, "objects-scan", "ReceiveUploads")
    assert "EVENTBRIDGE_MANAGED_EVENTS_DELIVERY_DISABLED" in {flaw.code for flaw in made(program).flaws}

    program.renew()
    assert made(program).name == "ACTIVE"
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=bucket(program))


def test_a_plan_whose_role_trusts_another_plan_is_an_error_and_scans_nothing(program: Program) -> None:
    trust = str(program.resource("aws:iam/role:Role", "objects-scan").properties["assumeRolePolicy"])
    other = trust.replace("malware-protection-plan/*", "malware-protection-plan/other")
    assert other != trust
    program.change("aws:iam/role:Role", "objects-scan", assumeRolePolicy=other)

    assert [flaw.code for flaw in made(program).flaws] == ["UNAUTHORIZED_TO_ASSUME_ROLE"]
    assert scan(program) == ("SKIPPED", DENIED, "ACCESS_DENIED")


@pytest.mark.parametrize(
    ("token", "policy", "sid", "action"),
    [
        (ROLE_POLICY, "objects-scan", "ReadObjects", "s3:GetObjectVersion"),
        (KEY_POLICY, "objects", "Scanner", "kms:Decrypt"),
    ],
)
def test_an_object_that_the_role_may_not_read_is_reported_and_tagged_as_denied(
    program, token, policy, sid, action
):
    program.without(token, policy, sid)

    assert scan(program) == ("SKIPPED", DENIED, "")

    (denied,) = program.denials()
    resource = arn("kms", "key/objects") if token == KEY_POLICY else f"arn:aws:s3:::{bucket(program)}/a.csv"
    assert denied == (role(program), action, resource)
    tags = program.client("s3").get_object_tagging(Bucket=bucket(program), Key="a.csv")["TagSet"]
    assert tags == [{"Key": STATUS_TAG, "Value": "ACCESS_DENIED"}]


def test_an_object_that_the_role_may_not_tag_is_scanned_and_stays_untagged(program: Program) -> None:
    program.without(ROLE_POLICY, "objects-scan", "TagObjects")

    status, _, failure = scan(program)

    assert (status, failure) == ("COMPLETED", "ACCESS_DENIED")
    assert program.client("s3").get_object_tagging(Bucket=bucket(program), Key="a.csv")["TagSet"] == []


def test_a_plan_that_is_not_active_is_tried_again_when_something_is_deployed(program: Program) -> None:
    problems: list[str] = []
    program.without(ROLE_POLICY, "objects-scan", "ManageOwnRule")
    program.change(PLAN, "objects-scan", status="ERROR")
    plans = Plans(program.deployed, program.cloud, problems.append)
    plans.refresh()
    assert [plan.name for plan in plans.all()] == ["ERROR"]

    program.renew()
    plans = Plans(program.deployed, program.cloud, problems.append)
    plans.refresh()
    assert [plan.name for plan in plans.all()] == ["ACTIVE"]
    assert problems == []
