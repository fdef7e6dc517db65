"""The function `aws.iam.getPolicyDocument`: statements in Terraform's form become a policy document.

Facts: "aws.iam.getPolicyDocument" in the Pulumi registry. A list of one is written as a single value, and the
statements come in the order in which they are given.
"""

import json
from typing import Any

from local.provider.values import Properties

TOKEN = "aws:iam/getPolicyDocument:getPolicyDocument"  # noqa: S105 - the token of a function
LISTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}
SUPPORTED = {"policyId", "statements", "version"}


def policy_document(arguments: Properties) -> Properties:
    """Return document and arguments; ValueError for what is not built here."""
    if unsupported := sorted(name for name in arguments.keys() - SUPPORTED if arguments[name]):
        raise ValueError(f"the local provider does not merge documents: {', '.join(unsupported)}")
    version = arguments.get("version") or "2012-10-17"
    document = {"Version": version} | ({"Id": arguments["policyId"]} if arguments.get("policyId") else {})
    document["Statement"] = [_statement(each) for each in arguments.get("statements") or []]
    minified = json.dumps(document, separators=(",", ":"))
    return arguments | {
        "id": str(len(minified)),
        "json": json.dumps(document, indent=2),
        "minifiedJson": minified,
        "version": version,
    }


def _statement(given: Properties) -> Properties:
    statement: Properties = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    statement |= {name: _one_or_all(given[key]) for key, name in LISTS.items() if given.get(key)}
    for key, name in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(key):
            statement[name] = _principals(given[key])
    conditions: dict[str, dict[str, Any]] = {}
    for each in given.get("conditions") or []:
        conditions.setdefault(each["test"], {})[each["variable"]] = _one_or_all(each["values"])
    return statement | ({"Condition": conditions} if conditions else {})


def _principals(given: list[Properties]) -> Any:
    if any(each["type"] == "*" and each["identifiers"] == ["*"] for each in given):
        return "*"
    found: dict[str, list[str]] = {}
    for each in given:
        found.setdefault(each["type"], []).extend(each["identifiers"])
    return {kind: _one_or_all(identifiers) for kind, identifiers in found.items()}


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
