"""Reports with anything in them, as a strategy and as long lists."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from guardrails.framework.levels import Level
from guardrails.framework.report import Exemption, FindingInfo, Outcome, Remediated, Report, Result, RuleInfo

HOSTILE = [
    "</details><script>alert(1)</script>",
    "--> @everyone #1 https://evil.example www.evil.example",
    "[click](https://evil.example) ![x](https://evil.example/x.png) **bold**",
    "`` ` ``` ~~~ | a | b |",
    "\x1b[31mred\x1b[0m\r\n::error::x\x00\x07",
    "\u202egnp.exe\u2028\ufffe",
    "]]> & < > \" '",
    "é😀" * 20,
    " ",
    "",
]
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=40)
RULES = ("rule-a", "rule-b", "rule-c")
LEVELS = st.sampled_from([Level.MANDATORY, Level.ADVISORY, Level.REMEDIATE])
EXEMPTIONS = st.builds(
    Exemption,
    rule=st.sampled_from(RULES),
    resource=TEXTS,
    reason=TEXTS,
    owner=TEXTS,
    expires=st.dates(date(2026, 1, 1)),
)
RESULTS = st.builds(
    Result,
    rule=st.sampled_from(RULES),
    outcome=st.sampled_from(Outcome),
    level=LEVELS,
    urn=TEXTS.map(lambda name: f"urn:pulumi:dev::shop::aws:sqs/queue:Queue::{name}"),
    type=st.just("aws:sqs/queue:Queue") | TEXTS,
    name=TEXTS,
    component=TEXTS,
    problem=TEXTS,
    fix=TEXTS,
    source=st.sampled_from(["", "infra/queues.py:12", "no line", ":7"]),
    exemption=st.none() | EXEMPTIONS,
)


def rules(text: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[RuleInfo, ...]]:
    def rule(id_: str) -> st.SearchStrategy[RuleInfo]:
        return st.builds(
            RuleInfo,
            id=st.just(id_),
            title=text,
            why=text,
            severity=st.sampled_from(["critical", "high", "medium", "low"]),
            level=LEVELS,
            findings=st.lists(
                st.builds(FindingInfo, id=text, system=text, title=text, need=text), max_size=25
            ).map(tuple),
            fixes=st.lists(text, max_size=2).map(tuple),
            docs=st.just("docs/rules.md") | text.map(lambda end: f"https://docs.example/{end}"),
        )

    return st.tuples(*map(rule, RULES))


REPORTS = st.builds(
    Report,
    pack=st.just("guardrails 0.1.0") | TEXTS,
    project=TEXTS,
    stack=TEXTS,
    profile=TEXTS,
    resources=st.integers(0, 9999),
    rules=rules(TEXTS),
    results=st.lists(RESULTS, max_size=8).map(tuple),
    remediated=st.lists(
        st.builds(Remediated, rule=st.sampled_from(RULES), urn=TEXTS, properties=st.tuples(TEXTS)), max_size=2
    ).map(tuple),
    expired=st.lists(EXEMPTIONS, max_size=2).map(tuple),
    unused=st.lists(EXEMPTIONS, max_size=2).map(tuple),
)


def long_report(
    count: int, severities: tuple[Any, ...] = ("high", "low"), problem: str = "is open"
) -> Report:
    """Return a report in which a rule of each severity has *count* results."""
    made = [
        RuleInfo(
            id=f"rule-{severity}",
            title="Doors are shut.",
            why="Everybody could come in.",
            severity=severity,
            level=Level.MANDATORY,
            findings=(),
            fixes=("shut=True",),
            docs="docs/rules.md",
        )
        for severity in severities
    ]
    results = [
        Result(
            rule=rule.id,
            outcome=Outcome.VIOLATION,
            level=Level.MANDATORY,
            urn=f"urn:pulumi:dev::shop::aws:sqs/queue:Queue::queue-{index:05}",
            type="aws:sqs/queue:Queue",
            name=f"queue-{index:05}",
            component="",
            problem=problem,
            fix="shut=True",
        )
        for rule in made
        for index in range(count)
    ]
    return Report(
        pack="guardrails 0.1.0",
        project="shop",
        stack="dev",
        profile="findings",
        resources=count,
        rules=tuple(made),
        results=tuple(results),
    )
