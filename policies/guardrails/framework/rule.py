"""What a rule is, and the two decorators that make one of a function.

Which phase a rule speaks in follows from what it must see:

`resource_rule`
    looks at one resource's own inputs. It runs as a ResourceValidation, before the resource is created: in an
    update a violation stops that resource before its Create, even with `--skip-preview`.
`stack_rule`
    needs companions, dependencies or names of other resources. It runs as a StackValidation, once at the end
    of a preview or update, the only place where Pulumi shows the whole stack and where values come from. `up`
    previews first and stops there; with `--skip-preview` it would speak when the resources already exist.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from guardrails.framework.errors import RuleDefinitionError
from guardrails.framework.examples import Stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node


class Severity(StrEnum):
    """How much harm a violation may do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Phase(StrEnum):
    """When a rule runs."""

    RESOURCE = "resource"
    STACK = "stack"


class Settings(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What a stack may choose about a rule, in guardrails.yaml and --policy-pack-config; names in camelCase.

    A rule that has settings declares a subclass whose every field has a default, and a `msgspec.Meta` with
    its range and a description.
    """


type Check = Callable[[Node, Graph, Any], Iterable[str]]
"""Yields one sentence for each thing wrong with a resource; the sentence completes "<resource> …"."""


type Remedy = Callable[[Node, Any], Mapping[str, Any]]
"""Takes a resource and the rule's settings; returns the inputs to set, merged into those that are there.

It changes nothing that is already right, and nothing that could lose data or lock somebody out.
"""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule with everything that documentation, reports and tests are made of.

    `fixes` maps each kind that the rule judges to the code that puts it right; `reads` lists every property
    that the verdict depends on, as `s3.Bucket.bucket`. `passes` maps what an example shows to a stack without
    a violation, at least two of them as "what looks wrong: why it is right"; `fails` maps part of the
    expected sentence to a stack that earns it. A rule without `findings` is nothing that the documents name;
    only the profile `strict` has it. `remedies` mend a kind of resource at level `remediate`.
    """

    id: str
    title: str
    why: str
    severity: Severity
    findings: tuple[str, ...]
    phase: Phase
    fixes: Mapping[str, str]
    reads: tuple[str, ...]
    passes: Mapping[str, Stack]
    fails: Mapping[str, Stack]
    check: Check
    settings: type[Settings]
    remedies: Mapping[str, Remedy]
    function: Callable[..., Iterable[str]]

    @property
    def module(self) -> str:
        """The module that defines the rule."""
        return self.function.__module__

    @property
    def passing(self) -> tuple[Stack, ...]:
        """The example stacks without a violation, in their order."""
        return tuple(self.passes.values())


def resource_rule(
    *,
    severity: Severity,
    findings: Sequence[str],
    fixes: Mapping[str, str],
    reads: Sequence[str],
    passes: Mapping[str, Stack],
    fails: Mapping[str, Stack],
    settings: type[Settings] = Settings,
    remedies: Mapping[str, Remedy] | None = None,
) -> Callable[[Callable[..., Iterable[str]]], Rule]:
    """Make a rule of a function over one resource; its name is the id, its docstring title and reason.

    With *settings* the function takes them as its second argument.
    """

    def decorate(function: Callable[..., Iterable[str]]) -> Rule:
        def check(node: Node, _graph: Graph, chosen: Settings) -> Iterable[str]:
            return function(node) if settings is Settings else function(node, chosen)

        return Rule(
            phase=Phase.RESOURCE,
            check=check,
            severity=severity,
            findings=tuple(findings),
            fixes=fixes,
            reads=tuple(reads),
            passes=_suspicious(function, passes),
            fails=fails,
            settings=settings,
            remedies=remedies or {},
            function=function,
            **_described(function),
        )

    return decorate


def stack_rule(
    *,
    severity: Severity,
    findings: Sequence[str],
    fixes: Mapping[str, str],
    reads: Sequence[str],
    passes: Mapping[str, Stack],
    fails: Mapping[str, Stack],
    settings: type[Settings] = Settings,
    remedies: Mapping[str, Remedy] | None = None,
) -> Callable[[Callable[..., Iterable[str]]], Rule]:
    """Make a rule of a function over one resource and the stack's graph.

    With *settings* the function takes them as its third argument.
    """

    def decorate(function: Callable[..., Iterable[str]]) -> Rule:
        def check(node: Node, graph: Graph, chosen: Settings) -> Iterable[str]:
            return function(node, graph) if settings is Settings else function(node, graph, chosen)

        return Rule(
            phase=Phase.STACK,
            check=check,
            severity=severity,
            findings=tuple(findings),
            fixes=fixes,
            reads=tuple(reads),
            passes=_suspicious(function, passes),
            fails=fails,
            settings=settings,
            remedies=remedies or {},
            function=function,
            **_described(function),
        )

    return decorate


def _suspicious(function: Callable[..., object], passes: Mapping[str, Stack]) -> Mapping[str, Stack]:
    """Return *passes*, of which at least two must say what looks wrong there and why it is right."""
    if sum(": " in label for label in passes) < 2:
        raise RuleDefinitionError(
            f"rule {function.__name__} needs two passing examples that look wrong and are right, "
            'each called "what looks wrong: why it is right"'
        )
    return passes


def _described(function: Callable[..., object]) -> dict[str, str]:
    """Take id, title and reason from a function's name and docstring."""
    name: Final = function.__name__
    title, _, why = inspect.cleandoc(function.__doc__ or "").partition("\n\n")
    if not title.endswith(".") or not why:
        raise RuleDefinitionError(
            f"rule {name} needs a docstring: a title with a full stop, a blank line, and why it matters"
        )
    return {
        "id": name.replace("_", "-"),
        "title": " ".join(title.split()),
        "why": " ".join(why.split()),
    }
