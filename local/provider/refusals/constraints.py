"""What one value must be, and the limits that AWS's own service models give for their parameters."""

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore.session

LONGEST = 60
"""Characters of a refused value that a message repeats."""


@dataclass(frozen=True)
class Constraint:
    """A condition on a value; "VALUE is not *text*" says that it is not met."""

    describe: Callable[[], str]
    holds: Callable[[Any], bool]

    @property
    def text(self) -> str:
        """What the value must be."""
        return self.describe()

    def __or__(self, other: "Constraint") -> "Constraint":
        return Constraint(
            lambda: f"{self.text} or {other.text}", lambda value: self.holds(value) or other.holds(value)
        )

    def __and__(self, other: "Constraint") -> "Constraint":
        return Constraint(
            lambda: f"{self.text}, {other.text}", lambda value: self.holds(value) and other.holds(value)
        )


def shown(value: Any) -> str:
    """Return a value for a message, of a long one its length: part of a secret would not be recognised."""
    text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST else f"what has {len(text):,} characters"


def constraint(text: str, holds: Callable[[Any], bool]) -> Constraint:
    """Return a constraint of one's own."""
    return Constraint(lambda: text, holds)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def between(low: float, high: float) -> Constraint:
    """A number within two borders, both of which count."""

    def holds(value: Any) -> bool:
        number = _number(value)
        return number is not None and low <= number <= high

    return constraint(f"from {low:,} to {high:,}", holds)


def at_least(low: float) -> Constraint:
    """A number that is not below a border."""

    def holds(value: Any) -> bool:
        number = _number(value)
        return number is not None and number >= low

    return constraint(f"{low:,} or more", holds)


def one_of(*values: Any) -> Constraint:
    """One of a few values."""
    return constraint(f"one of {', '.join(map(str, values))}", lambda value: value in values)


def pattern(expression: str, text: str) -> Constraint:
    """Text that a regular expression matches as a whole; *text* says what it means."""
    compiled = re.compile(expression)
    return constraint(text, lambda value: isinstance(value, str) and bool(compiled.fullmatch(value)))


def length(low: int, high: int, of: str = "characters") -> Constraint:
    """Text, or a list, of a length within two borders."""
    return constraint(f"of {low:,} to {high:,} {of}", lambda value: low <= len(value) <= high)


def _is_json_object(value: Any) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except (TypeError, ValueError):
        return False


JSON_OBJECT = constraint("a JSON object", _is_json_object)

_ARN = r"arn:aws[\w-]*:%s:[a-z0-9-]*:(?:\d{12}|aws)?:.+"


def arn(service: str = "") -> Constraint:
    """An ARN, of one service if given."""
    text = f"an ARN of {service}" if service else "an ARN"
    return pattern(_ARN % (re.escape(service) or r"[a-z0-9-]+"), text)


@functools.cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def enumeration(service: str, shape: str) -> Constraint:
    """One of the values that AWS's service model lists for a parameter."""
    return Constraint(
        lambda: f"one of {', '.join(_model(service).shape_for(shape).enum)}",
        lambda value: value in _model(service).shape_for(shape).enum,
    )


def of_model(service: str, shape: str) -> Constraint:
    """Within the length, range, values and pattern that AWS's service model gives for a parameter."""
    return Constraint(
        lambda: describe_shape(_model(service).shape_for(shape)),
        lambda value: not shape_fault(_model(service).shape_for(shape), value),
    )


def describe_shape(shape: Any) -> str:
    """Say what a shape of a service model admits."""
    limits = shape.metadata
    parts = []
    if shape.enum if hasattr(shape, "enum") else ():
        return f"one of {', '.join(shape.enum)}"
    if "min" in limits or "max" in limits:
        unit = "" if shape.type_name in ("integer", "long", "float", "double") else " long"
        low, high = limits.get("min", 0), limits.get("max")
        parts.append(f"{low:,} to {high:,}{unit}" if high else f"{low:,}{unit} or more")
    if expression := limits.get("pattern"):
        parts.append(f"matched by {expression}")
    return ", ".join(parts)


def shape_fault(shape: Any, value: Any) -> str:
    """Return, in AWS's words, which constraint of a service model's shape *value* fails; empty if none."""
    limits = shape.metadata
    if getattr(shape, "enum", None) and value not in shape.enum:
        return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    is_number = shape.type_name in ("integer", "long", "float", "double")
    size = _number(value) if is_number else len(value)
    if size is None:
        return "Member must be a number"
    noun = "value" if is_number else "length"
    if "min" in limits and size < limits["min"]:
        return f"Member must have {noun} greater than or equal to {limits['min']}"
    if "max" in limits and size > limits["max"]:
        return f"Member must have {noun} less than or equal to {limits['max']}"
    expression = _compiled(limits.get("pattern", ""))
    if expression and not expression.fullmatch(value):
        return f"Member must satisfy regular expression pattern: {limits['pattern']}"
    return ""


@functools.cache
def _compiled(expression: str) -> re.Pattern[str] | None:
    """Compile one of AWS's patterns; Java's classes of letters become word characters."""
    python = re.sub(r"\[([^\]]*?)\]", lambda found: f"[{_classes(found[1])}]", expression)
    try:
        return re.compile(python) if expression else None
    except re.error:
        return None  # not every pattern of Java is one of Python


def _classes(inner: str) -> str:
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\w"), (r"\p{Z}", r"\s"), (r"\p{M}", r"\w")):
        inner = inner.replace(java, python)
    return inner
