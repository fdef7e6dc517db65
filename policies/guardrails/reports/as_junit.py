"""The report as JUnit XML: a test suite for each rule, a test case for each result.

A rule without a result is a passed test case; what stops the deployment fails; what is exempted is skipped;
advice is a passed test case that says it in its output.
"""

import xml.etree.ElementTree as ET  # only writes; what is read is never parsed here
from collections.abc import Sequence

from guardrails.framework.report import Exemption, Outcome, Report, Result, RuleInfo
from guardrails.reports.escaping import printable, printable_lines
from guardrails.reports.groups import where, within


def to_junit(report: Report) -> str:
    """Return the report as JUnit XML."""
    root = ET.Element("testsuites", name=printable(f"{report.pack} {report.project}/{report.stack}"))
    for rule in sorted(report.rules, key=lambda each: each.id):
        _rule(ET.SubElement(root, "testsuite"), rule, report)
    if report.expired or report.unused:
        _exemptions(ET.SubElement(root, "testsuite"), report.expired, report.unused)
    _count(root, *root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _rule(suite: ET.Element, rule: RuleInfo, report: Report) -> None:
    suite.set("name", printable(rule.id))
    results = [result for result in report.results if result.rule == rule.id]
    for result in sorted(results, key=lambda each: (each.urn, each.outcome.value, each.problem)):
        _result(suite, result, rule)
    for each in [each for each in report.remediated if each.rule == rule.id]:
        case = _case(suite, rule.id, f"{each.urn} is remediated")
        _text(case, "system-out", f"set {', '.join(each.properties)}")
    if not len(suite):
        _case(suite, rule.id, rule.title)
    _finish(suite)


def _result(suite: ET.Element, result: Result, rule: RuleInfo) -> None:
    undetermined = result.outcome is Outcome.UNDETERMINED
    said = f"cannot be judged: {result.problem}" if undetermined else result.problem
    case = _case(suite, rule.id, f"{where(result)} {said}")
    if result.exemption:
        ET.SubElement(case, "skipped", message=printable(f"exempted {_terms(result.exemption)}"))
    elif result.blocks:
        failure = _text(case, "failure", _explained(result, rule))
        failure.set("message", printable(f"{where(result)}{within(result)} {said}"))
        failure.set("type", result.outcome.value)
    else:
        _text(case, "system-out", f"advisory\n{_explained(result, rule)}")


def _explained(result: Result, rule: RuleInfo) -> str:
    fix = "What must hold" if result.outcome is Outcome.UNDETERMINED else "Fix"
    lines = [f"Resource: {result.urn}", f"Severity: {rule.severity}", f"Why: {rule.why}"]
    lines += [f"{fix}:\n{result.fix}" if "\n" in result.fix else f"{fix}: {result.fix}"]
    lines += [f"Source: {result.source}"] if result.source else []
    lines += [f"Findings: {', '.join(each.id for each in rule.findings)}"] if rule.findings else []
    return "\n".join([*lines, f"Docs: {rule.docs}"])


def _exemptions(suite: ET.Element, expired: Sequence[Exemption], unused: Sequence[Exemption]) -> None:
    suite.set("name", "exemptions")
    for each in expired:
        case = _case(suite, "exemptions", f"{each.rule} on {each.resource} has expired")
        failure = _text(case, "failure", f"Reason: {each.reason}")
        failure.set("message", printable(f"expired: {_terms(each)}"))
        failure.set("type", "expired")
    for each in unused:
        case = _case(suite, "exemptions", f"{each.rule} on {each.resource} is not used")
        _text(case, "system-out", f"no result needs it; {_terms(each)}")
    _finish(suite)


def _terms(exemption: Exemption) -> str:
    return f"until {exemption.expires} by {exemption.owner}: {exemption.reason}"


def _case(suite: ET.Element, rule: str, name: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", classname=printable(f"guardrails.{rule}"), name=printable(name), time="0"
    )


def _text(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = printable_lines(text)
    return child


def _finish(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("time", "0")


def _count(root: ET.Element, *suites: ET.Element) -> None:
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", "0")
