"""What the runner says about itself."""

import enum
from dataclasses import dataclass


class MappingState(enum.StrEnum):
    """Whether a mapping polls its source; a problem is named in its status, a pause is a fault on demand."""

    ENABLED = "Enabled"
    PAUSED = "Paused"
    DISABLED = "Disabled"
    PROBLEM = "Problem"


@dataclass(frozen=True, kw_only=True)
class FunctionStatus:
    """Numbers since the start of the stack; *errors* include *timeouts*, *throttled* ones never ran."""

    name: str
    in_flight: int
    warm: int
    invocations: int
    errors: int
    timeouts: int
    throttled: int


@dataclass(frozen=True, kw_only=True)
class MappingStatus:
    """An event source mapping; *messages* were given to the function, *failed* of them came back or will."""

    id: str
    source_arn: str
    function: str
    state: MappingState
    reason: str
    batches: int
    messages: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class RunnerStatus:
    """Everything that runs, and what the runner could not do."""

    functions: list[FunctionStatus]
    mappings: list[MappingStatus]
    problems: list[str]
