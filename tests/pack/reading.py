"""Which properties a rule reads of an example."""

from collections.abc import Callable

import pytest

from guardrails.framework.examples import Stack
from guardrails.framework.names import token_of
from guardrails.framework.node import label
from guardrails.framework.props import Props
from guardrails.framework.rule import Rule
from tests.pack.engine_side import Engine, switched_on


def configured(rule: Rule, config: dict[str, str] | None = None) -> Engine:
    """Return an engine that asks one rule."""
    engine = Engine([rule])
    engine.configure({**switched_on(rule), **(config or {})})
    return engine


def touched(
    rule: Rule, example: Stack, monkeypatch: pytest.MonkeyPatch, *readers: str
) -> set[tuple[str, str]]:
    """Return (sample or "provider", property) for each top-level property that *readers* read."""
    seen: set[tuple[str, str]] = set()

    def recording(reader: Callable[[Props, str], object]) -> Callable[[Props, str], object]:
        def record(props: Props, key: str) -> object:
            if not props._path:  # below the top level there is no property of a resource
                seen.add((props._owner, key))
            return reader(props, key)

        return record

    with monkeypatch.context() as patched:
        for name in readers:
            patched.setattr(Props, name, recording(getattr(Props, name)))
        configured(rule).preview(example)
    owners = {label(each.name, token_of(each.kind)): each.name for each in example.samples}
    return {(owners.get(owner, "provider"), key) for owner, key in seen}
