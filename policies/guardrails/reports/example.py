"""A small report with one of everything, from which the page about the formats is made."""

from datetime import date
from typing import Literal

import msgspec

from guardrails.framework.findings import finding
from guardrails.framework.levels import Level
from guardrails.framework.report import (
    Exemption,
    FindingInfo,
    Outcome,
    Remediated,
    Report,
    Result,
    RuleInfo,
)


def example_report() -> Report:
    """Return the report of a stack with two faults, an unknown, an exemption and a remediation."""
    scratch = Exemption(
        rule="s3-versioning",
        resource="*-scratch",
        reason="holds nothing that anybody reads",
        owner="platform",
        expires=date(2027, 1, 31),
    )
    old = msgspec.structs.replace(scratch, rule="tags", resource="old-*", expires=date(2026, 1, 31))
    return Report(
        pack="guardrails 0.1.0",
        project="shop",
        stack="prod",
        profile="findings",
        resources=42,
        rules=(
            _rule("dynamodb-pitr", "high", "Tables keep point-in-time recovery, in every stack.", "SP-15"),
            _rule("s3-versioning", "medium", "Buckets keep versions of their objects.", "IP-1.3"),
            _rule("tags", "medium", "Resources carry the tags that say whose they are.", "CC-COST-3"),
        ),
        results=(
            _result("dynamodb-pitr", "dynamodb/table:Table", "orders", "has no point-in-time recovery"),
            _result("dynamodb-pitr", "dynamodb/table:Table", "carts", "has no point-in-time recovery"),
            _result("s3-versioning", "s3/bucket:Bucket", "media", "", unknown=True),
            _result(
                "s3-versioning",
                "s3/bucket:Bucket",
                "media-scratch",
                "does not keep versions",
                exemption=scratch,
            ),
        ),
        remediated=(Remediated(rule="tags", urn=_urn("sns/topic:Topic", "alerts"), properties=("tags",)),),
        expired=(old,),
        unused=(msgspec.structs.replace(scratch, rule="tags", resource="temporary"),),
    )


def _rule(id_: str, severity: Literal["medium", "high"], title: str, cited: str) -> RuleInfo:
    found = finding(cited)
    return RuleInfo(
        id=id_,
        title=title,
        why="A wrong write can then be undone.",
        severity=severity,
        level=Level.MANDATORY,
        findings=(FindingInfo(id=cited, system=found.system, title=found.title, need=found.need),),
        fixes=(_FIXES[id_],),
        docs=f"docs/rules.md#{id_}",
    )


def _result(
    rule: str,
    token: str,
    name: str,
    problem: str,
    *,
    unknown: bool = False,
    exemption: Exemption | None = None,
) -> Result:
    what = f'property bucket of "{name}" (aws:{token}) is not known yet'
    return Result(
        rule=rule,
        outcome=Outcome.UNDETERMINED if unknown else Outcome.VIOLATION,
        level=Level.MANDATORY,
        urn=_urn(token, name),
        type=f"aws:{token}",
        name=name,
        component='"shop" (shop:systems:Shop)',
        problem=what if unknown else problem,
        fix=_FIXES[rule],
        source="" if unknown else "infra/stores.py:31",
        exemption=exemption,
    )


def _urn(token: str, name: str) -> str:
    return f"urn:pulumi:prod::shop::shop:systems:Shop$aws:{token}::{name}"


_FIXES = {
    "dynamodb-pitr": 'point_in_time_recovery={"enabled": True}',
    "s3-versioning": 'versioning_configuration={"status": "Enabled"}',
    "tags": 'tags={"Owner": "web", "CostCenter": "4711"}',
}
