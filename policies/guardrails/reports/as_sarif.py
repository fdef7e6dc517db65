"""The report as SARIF 2.1.0, as code hosts show it beside the program.

The limits are GitHub's, the strictest: 25,000 results in a run, 20 tags on a rule, 255 characters in a name,
1,024 in a description.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from guardrails.framework.report import Exemption, Outcome, Report, Result, RuleInfo
from guardrails.reports.escaping import block, printable, printable_lines, prose, shortened
from guardrails.reports.groups import exempted, groups, number, where, within
from guardrails.reports.places import Place
from guardrails.reports.summary import conclusion

RESULTS: Final = 25_000
_TAGS: Final = 20
_NAME: Final = 255
_TEXT: Final = 1_024
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SECURITY: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_EXPIRED: Final = "exemption-expired"
_UNUSED: Final = "exemption-unused"

type Locate = Callable[[Result], Place]
"""Tells where a result belongs."""


def to_sarif(report: Report, locate: Locate, configured: Place, *, limit: int = RESULTS) -> str:
    """Return the report as SARIF; *configured* is where guardrails.yaml stands."""
    own = [_exemption(each, _EXPIRED, configured) for each in report.expired]
    own += [_exemption(each, _UNUSED, configured) for each in report.unused]
    ordered = [result for group in groups(report) for result in group.results] + exempted(report)
    kept = ordered[: max(0, limit - len(own))]
    rules = [_rule(rule) for rule in sorted(report.rules, key=lambda each: each.id)]
    rules += _exemption_rules() if own else []
    run: dict[str, Any] = {
        "tool": {"driver": _driver(report, rules)},
        "automationDetails": {"id": printable(f"guardrails/{report.project}/{report.stack}/")},
        "invocations": [_invocation(report, cut=len(ordered) - len(kept))],
        "taxonomies": [_taxonomy(report)],
        "results": [_result(result, report, locate(result)) for result in kept] + own[:limit],
        "properties": {"stack": printable(report.stack), "profile": printable(report.profile)},
    }
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    for each in run["results"]:
        each["ruleIndex"] = index[each["ruleId"]]
        identity = each.pop("identity")
        seen[identity] += 1
        each["partialFingerprints"] = _fingerprints(f"{identity}:{seen[identity]}")
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _driver(report: Report, rules: list[dict[str, Any]]) -> dict[str, Any]:
    name, _, version = printable(report.pack).rpartition(" ")
    return {
        "name": name or "guardrails",
        "version": version,
        "rules": rules,
        "supportedTaxonomies": [{"name": "findings", "index": 0}],
    }


def _rule(rule: RuleInfo) -> dict[str, Any]:
    cited = list(dict.fromkeys(printable(each.id) for each in rule.findings))
    described: dict[str, Any] = {
        "id": shortened(printable(rule.id), _NAME),
        "name": shortened("".join(word.capitalize() for word in printable(rule.id).split("-")), _NAME),
        "shortDescription": _message(rule.title),
        "fullDescription": _message(f"{rule.title} {rule.why}"),
        "help": {"text": _help(rule), "markdown": _markdown_help(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "relationships": [_relationship(id_) for id_ in cited],
        "properties": {
            "tags": list(dict.fromkeys(["security", rule.severity, *cited]))[:_TAGS],
            "precision": "very-high",
            "security-severity": _SECURITY[rule.severity],
            "severity": rule.severity,
            "level": rule.level,
        },
    }
    return described | ({"helpUri": rule.docs} if rule.docs.startswith("https://") else {})


def _relationship(finding: str) -> dict[str, Any]:
    return {
        "target": {"id": finding, "toolComponent": {"name": "findings", "index": 0}},
        "kinds": ["relevant"],
    }


def _help(rule: RuleInfo) -> str:
    fixes = [f"Fix:\n{printable_lines(fix)}" for fix in rule.fixes]
    cited = [printable(f"Finding {each.id} ({each.system}): {each.title}") for each in rule.findings]
    return "\n".join([printable(rule.why), *fixes, *cited, printable(f"Docs: {rule.docs}")])


def _markdown_help(rule: RuleInfo) -> str:
    fixes = [f"Fix:\n\n{block(fix, 'python')}" for fix in rule.fixes]
    cited = [
        f"- {prose(each.id)} ({prose(each.system)}): {prose(each.title)}; needed: {prose(each.need)}"
        for each in rule.findings
    ]
    return "\n\n".join([prose(rule.why), *fixes, *(["\n".join(cited)] if cited else [])])


def _result(result: Result, report: Report, place: Place) -> dict[str, Any]:
    undetermined = result.outcome is Outcome.UNDETERMINED
    said = f"cannot be judged: {result.problem}" if undetermined else result.problem
    fix = "What must hold" if undetermined else "Fix"
    found = {
        "ruleId": shortened(printable(result.rule), _NAME),
        "level": "error" if result.level != "advisory" else "note" if undetermined else "warning",
        "message": _message(f"{where(result)}{within(result)} {said}.", f"{fix}:\n{result.fix}"),
        "locations": [
            _location(place)
            | {
                "logicalLocations": [
                    {
                        "name": printable(result.name),
                        "fullyQualifiedName": printable(result.urn),
                        "kind": "resource",
                    }
                ]
            }
        ],
        "identity": result.fingerprint,
        "properties": {"outcome": result.outcome.value, "stack": printable(report.stack)},
    }
    return found | ({"suppressions": [_suppression(result.exemption)]} if result.exemption else {})


def _suppression(exemption: Exemption) -> dict[str, Any]:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": printable(
            f"{exemption.reason} (owner {exemption.owner}, until {exemption.expires}, in guardrails.yaml)"
        ),
    }


def _exemption(exemption: Exemption, rule: str, configured: Place) -> dict[str, Any]:
    expired = rule == _EXPIRED
    what = f"The exemption of {exemption.resource} from {exemption.rule} (owner {exemption.owner})"
    said = f"held until {exemption.expires}" if expired else "is not needed any more"
    return {
        "ruleId": rule,
        "level": "error" if expired else "note",
        "message": _message(f"{what} {said}: {exemption.reason}"),
        "locations": [_location(configured)],
        "identity": printable(f"{rule}:{exemption.rule}:{exemption.resource}"),
    }


def _exemption_rules() -> list[dict[str, Any]]:
    texts = {
        _EXPIRED: "An exemption has expired: mend what it covered, or decide on it anew.",
        _UNUSED: "An exemption covers nothing: take it out of guardrails.yaml.",
    }
    return [
        {
            "id": id_,
            "shortDescription": {"text": text},
            "fullDescription": {"text": text},
            "help": {"text": text},
        }
        for id_, text in texts.items()
    ]


def _fingerprints(identity: str) -> dict[str, str]:
    """Name a result for SARIF at large, and for GitHub, which knows one name only: a hash and an ordinal."""
    return {"guardrails/v1": identity, "primaryLocationLineHash": identity}


def _location(place: Place) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place.path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place.line},
        }
    }


def _uri(path: str) -> str:
    return quote(printable(path))


def _invocation(report: Report, *, cut: int) -> dict[str, Any]:
    notes = [conclusion(report)]
    notes += [f"{each.rule} set {', '.join(each.properties)} of {each.urn}" for each in report.remediated]
    if cut:
        notes.append(f"{number(cut, 'result')} left out, the least severe: a run holds {RESULTS:,} at most")
    return {
        "executionSuccessful": True,
        "exitCode": 0 if report.passed else 1,
        "toolExecutionNotifications": [{"level": "note", "message": _message(note)} for note in notes],
    }


def _taxonomy(report: Report) -> dict[str, Any]:
    found = {each.id: each for rule in report.rules for each in rule.findings}
    return {
        "name": "findings",
        "shortDescription": {"text": "The documented findings that the rules keep from coming back."},
        "taxa": [
            {
                "id": printable(each.id),
                "shortDescription": _message(each.title),
                "fullDescription": _message(f"{each.system}: {each.title}; needed: {each.need}"),
            }
            for _, each in sorted(found.items())
        ],
    }


def _message(text: str, more: str = "") -> dict[str, str]:
    """Return a message of one line, and *more* in lines of its own."""
    lines = [printable(text), *([printable_lines(more)] if more else [])]
    return {"text": shortened("\n".join(lines), _TEXT)}
