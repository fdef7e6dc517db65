"""The rule on the runtimes of Lambda functions."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.data import own_data
from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule


@cache
def ends_of_support() -> Mapping[str, date]:
    """Return the day on which AWS ends its support for each runtime."""
    days: dict[str, date] = own_data("runtimes.yaml")
    return days


def today() -> date:
    """Return the day it is, in UTC."""
    return datetime.now(UTC).date()


class RuntimeSettings(Settings):
    """How long a runtime must still be supported."""

    minimum_days: Annotated[
        int,
        Meta(ge=0, le=1000, description="For how many days from today AWS must go on supporting a runtime."),
    ] = 180


_ZIP: Final = stack(resource("lambda.Function", "worker", runtime="python3.13", handler="worker.handler"))


@resource_rule(
    severity=Severity.HIGH,
    findings=("SP-1",),
    fixes={"lambda.Function": 'runtime="python3.13"'},
    reads=("lambda.Function.packageType", "lambda.Function.runtime"),
    settings=RuntimeSettings,
    passes={
        "a current Python": _ZIP,
        "a runtime without a language: it is an operating system that AWS supports": _ZIP.but(
            "worker", runtime="provided.al2023"
        ),
        "the old Java 17: AWS still supports it": _ZIP.but(
            "worker", packageType="Zip", runtime="java17.al2023"
        ),
        "no runtime: an image has its own": stack(
            resource("lambda.Function", "image", packageType="Image", imageUri="repository:1")
        ),
    },
    fails={
        "has the runtime python3.9, whose support AWS ended on 2025-12-15": _ZIP.but(
            "worker", runtime="python3.9"
        ),
        "has the runtime python4.2, which is none that AWS supports": _ZIP.but("worker", runtime="python4.2"),
        "states no runtime": _ZIP.but("worker", runtime=None),
    },
)
def lambda_runtime(function: Node, settings: RuntimeSettings) -> Iterator[str]:
    """Functions have a runtime that AWS supports and will go on supporting.

    After the end of support there are no security patches, and soon the function can no longer be changed.
    """
    if function.inputs.text("packageType") == "Image":
        return
    runtime = function.inputs.text("runtime")
    end = ends_of_support().get(runtime)
    if not runtime:
        yield "states no runtime"
    elif end is None:
        yield f"has the runtime {runtime}, which is none that AWS supports"
    elif end <= today():
        yield f"has the runtime {runtime}, whose support AWS ended on {end}"
    elif (left := (end - today()).days) < settings.minimum_days:
        yield (
            f"has the runtime {runtime}, whose support AWS ends on {end}: "
            f"{left} days are left, not {settings.minimum_days}"
        )
