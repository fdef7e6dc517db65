"""Running rules over a graph: every rule ends in a verdict, none in an exception."""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guardrails.framework.errors import UndeterminedError, WrongSourceError
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Rule, Settings


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A rule's complaint about one resource.

    `undetermined` means that the rule could neither pass nor fail it; `problem` then says why.
    """

    rule: Rule
    node: Node
    problem: str
    undetermined: bool = False


def judge(rule: Rule, graph: Graph, settings: Settings | None = None) -> Iterator[Verdict]:
    """Yield what *rule* has to say about the stack, under *settings* or those that it has by default."""
    chosen = settings or rule.settings()
    for kind in graph.kinds:
        if kind in rule.fixes:
            for node in graph.of(kind):
                yield from _judge_node(rule, node, graph, chosen)


def _judge_node(rule: Rule, node: Node, graph: Graph, settings: Settings) -> list[Verdict]:
    verdicts: list[Verdict] = []
    try:
        for problem in rule.check(node, graph, settings):
            verdicts.append(Verdict(rule=rule, node=node, problem=problem))
    except WrongSourceError as wrong:
        verdicts.append(Verdict(rule=rule, node=node, problem=wrong.seen_from(node)))
    except UndeterminedError as unknown:
        verdicts.append(Verdict(rule=rule, node=node, problem=str(unknown), undetermined=True))
    except Exception as defect:  # noqa: BLE001  a broken rule must block, not pass and not abort the others
        verdicts.append(Verdict(rule=rule, node=node, problem=_defect(rule, defect), undetermined=True))
    return verdicts


def _defect(rule: Rule, defect: Exception) -> str:
    """Say where a rule broke; the exception's text may hold property values and is left out."""
    frame = traceback.extract_tb(defect.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"rule {rule.id} has a defect ({type(defect).__name__} at {place})"
