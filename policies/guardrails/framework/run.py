"""One run of the pack over one stack: from verdicts to a report."""

from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

from guardrails.framework.configuration import StackConfiguration
from guardrails.framework.exemptions import Exemptions
from guardrails.framework.findings import finding
from guardrails.framework.graph import Graph
from guardrails.framework.judge import Verdict, judge
from guardrails.framework.levels import Level, Profile
from guardrails.framework.node import Node, within
from guardrails.framework.report import FindingInfo, Outcome, Remediated, Report, Result, RuleInfo
from guardrails.framework.rule import Phase, Rule
from guardrails.framework.secrets import Secrets


class Run:
    """Judges resources and the stack under a configuration, and keeps what was found.

    A resource that is judged again (an update follows its preview) replaces what was said of it before.
    """

    def __init__(
        self, rules: Sequence[Rule], configuration: StackConfiguration, *, project: str, stack: str
    ) -> None:
        self.configuration = configuration
        self.exemptions = Exemptions(configuration.exemptions)
        self.secrets = Secrets()
        self._rules = [rule for rule in rules if configuration.level_of(rule) is not Level.DISABLED]
        self._infos = {rule.id: rule_info(rule, configuration) for rule in self._rules}
        self._by_kind: dict[str, list[Rule]] = {}
        for rule in self._rules:
            for kind in rule.fixes if rule.phase is Phase.RESOURCE else ():
                self._by_kind.setdefault(kind, []).append(rule)
        self.remediating = [rule for rule in self._rules if configuration.level_of(rule) is Level.REMEDIATE]
        self._project, self._stack = project, stack
        self._by_resource: dict[str, list[Result]] = {}
        self._of_stack: list[Result] = []
        self._remediated: dict[tuple[str, str], Remediated] = {}

    def resource(self, node: Node) -> list[Result]:
        """Judge one resource by the rules that look at nothing else."""
        graph = Graph([node])
        self._by_resource[node.urn] = self._judged(graph, self._by_kind.get(node.kind, ()))
        return self._by_resource[node.urn]

    def stack(self, graph: Graph) -> list[Result]:
        """Judge the whole stack by the other rules."""
        self._of_stack = self._judged(graph, [rule for rule in self._rules if rule.phase is Phase.STACK])
        return self._of_stack

    def remediated(self, done: Remediated) -> None:
        """Keep that a rule mended a resource."""
        self._remediated[done.urn, done.rule] = done

    def info(self, rule: str) -> RuleInfo:
        """Return what reports say of a rule."""
        return self._infos[rule]

    def report(self, resources: int, *, complete: bool = True) -> Report:
        """Return everything found in a stack of so many resources."""
        kept = [result for results in self._by_resource.values() for result in results]
        return Report(
            pack=f"guardrails {pack_version()}",
            project=self._project,
            stack=self._stack,
            profile=(self.configuration.profile or Profile.FINDINGS).value,
            resources=resources,
            rules=tuple(self._infos.values()),
            results=(*kept, *self._of_stack),
            remediated=tuple(self._remediated.values()),
            expired=tuple(self.exemptions.expired),
            unused=tuple(self.exemptions.unused) if complete else (),
            complete=complete,
        )

    def _judged(self, graph: Graph, rules: Iterable[Rule]) -> list[Result]:
        return [
            self._result(verdict)
            for rule in rules
            for verdict in judge(rule, graph, self.configuration.settings_of(rule))
        ]

    def _result(self, verdict: Verdict) -> Result:
        rule, node = verdict.rule, verdict.node
        level = self.configuration.level_of(rule)
        return Result(
            rule=rule.id,
            outcome=Outcome.UNDETERMINED if verdict.undetermined else Outcome.VIOLATION,
            level=self._doubts_level(level) if verdict.undetermined else level,
            urn=node.urn,
            type=node.type,
            name=node.name,
            component=within(node.parent),
            problem=self.secrets.redacted(verdict.problem),
            fix=rule.fixes[node.kind],
            exemption=self.exemptions.covering(rule.id, node.urn, node.name),
        )

    def _doubts_level(self, level: Level) -> Level:
        """Return what a doubt of a rule at *level* does: no more than a violation of it would."""
        return level if level is Level.ADVISORY else self.configuration.undetermined


def judge_state(
    nodes: Iterable[Node],
    rules: Sequence[Rule],
    configuration: StackConfiguration,
    *,
    project: str,
    stack: str,
) -> Report:
    """Judge a stack that is known as a whole, resource by resource and then together."""
    graph = Graph(nodes, configuration.elsewhere)
    run = Run(rules, configuration, project=project, stack=stack)
    for node in graph:
        run.resource(node)
    run.stack(graph)
    return run.report(len(graph))


def rule_info(rule: Rule, configuration: StackConfiguration) -> RuleInfo:
    """Return what reports say of a rule under a configuration."""
    return RuleInfo(
        id=rule.id,
        title=rule.title,
        why=rule.why,
        severity=rule.severity.value,
        level=configuration.level_of(rule),
        findings=tuple(
            FindingInfo(id=each.id, system=each.system, title=each.title, need=each.need)
            for each in map(finding, rule.findings)
        ),
        fixes=tuple(dict.fromkeys(rule.fixes.values())),
        docs=configuration.docs_of(rule),
    )


def pack_version() -> str:
    """Return the pack's version; a copy that is not installed as a package has none."""
    try:
        return version("guardrails")
    except PackageNotFoundError:
        return "unreleased"
