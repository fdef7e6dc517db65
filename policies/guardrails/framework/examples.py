"""Small stacks that rules carry as examples: documentation and tests are made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from guardrails.framework.sdk import UNKNOWN_STRING_VALUE, archive_of_texts

UNKNOWN: Final[str] = UNKNOWN_STRING_VALUE
"""What Pulumi sends in a preview for a value that only the deployment will tell."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A resource of an example: what the program declares, what AWS adds, where values come from.

    `sources` maps a property to the names of the samples that its value comes from; `after` names those that
    it is made after by `depends_on`; `default_tags` are its provider's.
    """

    kind: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stack:
    """An example stack; changed copies of a passing one are the failing ones."""

    samples: tuple[Sample, ...]

    def without(self, *names: str) -> "Stack":
        """Return a copy that lacks these resources."""
        self._must_have(*names)
        return Stack(tuple(sample for sample in self.samples if sample.name not in names))

    def but(self, name: str, /, **inputs: Any) -> "Stack":
        """Return a copy where resource *name* declares these inputs instead; None takes one away."""
        self._must_have(name)
        return Stack(
            tuple(
                replace(
                    sample,
                    inputs={k: v for k, v in {**sample.inputs, **inputs}.items() if v is not None},
                    sources={k: v for k, v in sample.sources.items() if k not in inputs},
                )
                if sample.name == name
                else sample
                for sample in self.samples
            )
        )

    def traced(self, name: str, /, **sources: tuple[str, ...]) -> "Stack":
        """Return a copy where values of resource *name* come from these resources."""
        self._must_have(name, *(each for names in sources.values() for each in names))
        return Stack(
            tuple(
                replace(each, sources={**each.sources, **sources}) if each.name == name else each
                for each in self.samples
            )
        )

    def made_after(self, name: str, /, *names: str) -> "Stack":
        """Return a copy where resource *name* is made after *names* and what its values come from only."""
        self._must_have(name, *names)
        return Stack(
            tuple(replace(each, after=names) if each.name == name else each for each in self.samples)
        )

    def plus(self, *samples: Sample) -> "Stack":
        """Return a copy with more resources."""
        return Stack((*self.samples, *samples))

    def _must_have(self, *names: str) -> None:
        known = [sample.name for sample in self.samples]
        if missing := [name for name in names if name not in known]:
            raise KeyError(f"the example has no resource {missing[0]!r}, only {', '.join(known)}")


def resource(
    kind: str,
    name: str,
    /,
    *,
    sources: Mapping[str, tuple[str, ...]] | None = None,
    outputs: Mapping[str, Any] | None = None,
    after: tuple[str, ...] = (),
    default_tags: Mapping[str, str] | None = None,
    **inputs: Any,
) -> Sample:
    """Return a resource of an example; the remaining keywords are its inputs, named as Pulumi sends them."""
    return Sample(
        kind=kind,
        name=name,
        inputs=inputs,
        outputs=outputs or {},
        sources=sources or {},
        after=after,
        default_tags=default_tags or {},
    )


def stack(*samples: Sample) -> Stack:
    """Return an example stack of these resources."""
    return Stack(samples)


def python_code(files: Mapping[str, str]) -> dict[str, Any]:
    """Return an archive of these files, path to text, as Pulumi sends it; for `code` of a function."""
    return archive_of_texts(files)


def python_function(
    name: str, source: str, /, *, files: Mapping[str, str] | None = None, **inputs: Any
) -> Sample:
    """Return a function whose handler is `app.handler`; *source* is `app.py`, and *files* are beside it."""
    return resource(
        "lambda.Function",
        name,
        **{
            "runtime": "python3.13",
            "handler": "app.handler",
            "code": python_code({"app.py": source, **(files or {})}),
            **inputs,
        },
    )
