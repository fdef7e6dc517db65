"""Level remediate through the real engine: what reaches the provider is mended, and secrets stay secret."""

import json
from typing import Any

PROGRAM = """
    aws.dynamodb.Table(
        "records",
        name="records",
        hash_key="id",
        attributes=[{"name": "id", "type": "S"}],
        billing_mode="PAY_PER_REQUEST",
        tags={"Owner": pulumi.Output.secret("hunter2")},
    )
"""
CONFIGURATION = """
stacks:
  local:
    levels: {all: disabled, dynamodb-pitr: remediate, tags: remediate}
    settings:
      tags:
        defaults: {Project: shop, System: media, Environment: dev, CostCenter: c, DataClassification: public}
"""


def test_a_table_is_mended_before_it_is_created_and_its_secret_tag_stays_secret(sandbox: Any) -> None:
    configuration = sandbox.engine.project / "guardrails.yaml"
    configuration.unlink()
    configuration.write_text(CONFIGURATION)
    sandbox.program(PROGRAM)

    up = sandbox.engine.run("up", "--yes", "--skip-preview", "--policy-pack", "policies")

    assert up.status == 0, up.output
    assert "dynamodb-pitr" in up.output
    assert "hunter2" not in up.output
    backups = sandbox.client("dynamodb").describe_continuous_backups(TableName="records")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    state = json.loads(sandbox.engine.require("stack", "export"))
    (table,) = [each for each in state["deployment"]["resources"] if "dynamodb" in each["type"]]
    assert table["inputs"]["tags"]["Project"] == "shop"
    assert "ciphertext" in table["inputs"]["tags"]["Owner"]
    assert "hunter2" not in json.dumps(table["inputs"])
