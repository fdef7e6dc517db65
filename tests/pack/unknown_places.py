"""Examples with one value unknown, at every place that a rule looks at."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from guardrails.framework.examples import UNKNOWN, Sample, Stack
from guardrails.framework.judge import judge
from guardrails.framework.names import token_of
from guardrails.framework.node import label
from guardrails.framework.props import Props
from guardrails.framework.rule import Rule
from tests.pack.engine_side import SECRET_SIGNATURE
from tests.pack.samples import graph_of

_SIGNATURE = next(iter(SECRET_SIGNATURE))
_INDICES = re.compile(r"(\[\d+\])+$")
_INDEX = re.compile(r"\[\d+\]")
type _Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in a resource's properties, set or not; `text` as in messages, `pattern` for a table."""

    sample: Sample
    path: _Path
    text: str

    @property
    def pattern(self) -> str:
        return f"{self.sample.kind}.{_INDEX.sub('[]', self.text)}"

    def unknown_in(self, example: Stack) -> Stack:
        """Return *example* with an unknown here, which comes from nothing unless others there do."""
        prop, inputs = str(self.path[0]), dict(self.sample.inputs)
        mixed = len(self.path) > 1 and UNKNOWN in json.dumps(inputs.get(prop))
        sources = {key: names for key, names in self.sample.sources.items() if mixed or key != prop}
        changed = replace(self.sample, inputs=put(inputs, self.path), sources=sources)
        return Stack(tuple(changed if each is self.sample else each for each in example.samples))


def said(rule: Rule, example: Stack) -> list[str]:
    """Return what a rule says, in whatever verdict."""
    return [verdict.problem for verdict in judge(rule, graph_of(example))]


def read_places(rule: Rule, example: Stack, monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Return every place of *example* that *rule* reads, at any depth, but what is unknown there already."""
    seen: set[tuple[str, str]] = set()

    def recorded(name: str) -> Any:
        reader = getattr(Props, name)

        def record(props: Props, key: str) -> Any:
            seen.add((props._owner, props._join(key)))
            return reader(props, key)

        return record

    with monkeypatch.context() as patched:
        for name in ("get", "has"):
            patched.setattr(Props, name, recorded(name))
        said(rule, example)
    return [
        place
        for sample in example.samples
        for place in _places(sample, {text for owner, text in seen if owner == _label(sample)})
    ]


def _label(sample: Sample) -> str:
    return label(sample.name, token_of(sample.kind))


def _places(sample: Sample, read: set[str]) -> Iterator[Place]:
    present = {(): ("", dict(sample.inputs))} | {
        path: (text, value) for path, text, value in inside(dict(sample.inputs))
    }
    for path, (text, value) in present.items():
        if path and value not in (None, UNKNOWN) and _INDICES.sub("", text) in read:
            yield Place(sample=sample, path=path, text=text)
        inner = _opened(value)
        for absent in sorted(read) if isinstance(inner, dict) else ():
            above, _, key = absent.rpartition(".")
            if above == text and inner.get(key) is None:
                yield Place(sample=sample, path=(*path, key), text=absent)


def inside(value: Any, path: _Path = (), text: str = "") -> Iterator[tuple[_Path, str, Any]]:
    """Yield path, text and value of every place below; archives are not looked into."""
    inner = _opened(value)
    if isinstance(inner, dict) and _SIGNATURE not in inner:
        found = [(key, f"{text}.{key}" if text else key, each) for key, each in inner.items()]
    elif isinstance(inner, list | tuple):
        found = [(index, f"{text}[{index}]", each) for index, each in enumerate(inner)]
    else:
        return
    for step, where, each in found:
        yield (*path, step), where, each
        yield from inside(each, (*path, step), where)


def _opened(value: Any) -> Any:
    """Return what JSON text says, and anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def put(value: Any, path: _Path, new: Any = UNKNOWN) -> Any:
    """Return *value* with *new* at *path*; JSON text stays text."""
    if not path:
        return new
    inner = _opened(value)
    if isinstance(inner, dict):
        changed: Any = {**inner, path[0]: put(inner.get(path[0]), path[1:], new)}
    else:
        changed = [put(each, path[1:], new) if index == path[0] else each for index, each in enumerate(inner)]
    return changed if inner is value else json.dumps(changed)
