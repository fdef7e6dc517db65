"""What AWS refuses and moto takes, as data: each refusal is one function, or one constraint on one input.

A refusal of the first kind speaks at Check, of inputs alone, and so already in a preview, as the validators
of the real provider do. One of the second kind speaks at Create and Update, as AWS does, and sees what else
is deployed. The third kind is no refusal: AWS accepts, and what was deployed fails in use. It is reported.
"""

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.permissions.errors import PermissionsError
from local.provider.inputs import Problem
from local.provider.refusals.constraints import Constraint, shown
from local.provider.refusals.places import Inputs, NotKnownError, places
from local.provider.refusals.situation import Situation


class When(enum.Enum):
    """When a refusal can speak."""

    CHECK = "Check"
    DEPLOY = "Create and Update"
    USE = "use"


type Fault = tuple[str, str]
"""The path of an input, and what is wrong with its value."""
type JudgeInputs = Callable[[Inputs], Iterator[Fault]]
type JudgeDeployment = Callable[[Situation], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What AWS refuses of which types, with which error to which operation, and the page that says so."""

    name: str
    types: tuple[str, ...]
    error: str
    operation: str
    says: str
    page: str
    when: When
    judge: Callable[[Any], Iterator[Any]]


REFUSALS: list[Refusal] = []
"""Every refusal, in the order of the modules."""
_BY_TYPE: dict[tuple[str, When], list[Refusal]] = {}


def _register(refusal: Refusal) -> None:
    REFUSALS.append(refusal)
    for token in refusal.types:
        _BY_TYPE.setdefault((token, refusal.when), []).append(refusal)


def refusals_of(token: str, when: When) -> list[Refusal]:
    """Return what can be refused of one Pulumi type at one time."""
    return [*_BY_TYPE.get((token, when), []), *_BY_TYPE.get(("*", when), [])]


def _decorator[J: Callable[[Any], Iterator[Any]]](
    when: When, types: tuple[str, ...], error: str, operation: str, page: str
) -> Callable[[J], J]:
    def register(judge: J) -> J:
        says = (judge.__doc__ or "").partition("\n")[0]
        _register(
            Refusal(
                name=judge.__name__,
                types=types,
                error=error,
                operation=operation,
                says=says,
                page=page,
                when=when,
                judge=judge,
            )
        )
        return judge

    return register


def at_check(*types: str, error: str, operation: str, page: str) -> Callable[[JudgeInputs], JudgeInputs]:
    """Register a judge of inputs; what it reads and is not known yet, it leaves to the update."""
    return _decorator(When.CHECK, types, error, operation, page)


def at_deploy(
    *types: str, error: str, operation: str, page: str
) -> Callable[[JudgeDeployment], JudgeDeployment]:
    """Register a judge of a resource among what is deployed; it yields AWS's message."""
    return _decorator(When.DEPLOY, types, error, operation, page)


def in_use(*types: str, operation: str, page: str) -> Callable[[JudgeDeployment], JudgeDeployment]:
    """Register a judge of what AWS accepts and what fails then; it yields what the author is told."""
    return _decorator(When.USE, types, "", operation, page)


def constrain(token: str, operation: str, *, error: str, page: str, inputs: dict[str, Constraint]) -> None:
    """Register one constraint for each path of *inputs*, such as `rules[].expiration.days`."""
    for path, constraint in inputs.items():
        _register(
            Refusal(
                name=path,
                types=(token,),
                error=error,
                operation=operation,
                says="",
                page=page,
                when=When.CHECK,
                judge=_ConstraintJudge(path, constraint),
            )
        )


@dataclass(frozen=True)
class _ConstraintJudge:
    path: str
    constraint: Constraint

    def __call__(self, inputs: Inputs) -> Iterator[Fault]:
        for path, value in places(inputs.raw, self.path):
            if not self.constraint.holds(value):
                yield path, f"{shown(value)} is not {self.constraint.text}"


def sentence(refusal: Refusal) -> str:
    """Return what a refusal says, for a page; a constraint's text is made only here, from AWS's model."""
    if isinstance(refusal.judge, _ConstraintJudge):
        return f"`{refusal.judge.path}` is {refusal.judge.constraint.text}."
    return refusal.says


def refused_inputs(token: str, inputs: dict[str, Any]) -> list[Problem]:
    """Return what AWS would refuse of *inputs*, whose shape fits the type, with AWS's own error.

    How values stand to each other is looked at only where each value for itself is right.
    """
    refusals = refusals_of(token, When.CHECK)
    single = [one for one in refusals if isinstance(one.judge, _ConstraintJudge)]
    return _problems(single, inputs) or _problems([one for one in refusals if one not in single], inputs)


def _problems(refusals: list[Refusal], inputs: dict[str, Any]) -> list[Problem]:
    return [
        Problem(path, f"{reason}; {refusal.operation} answers {refusal.error}")
        for refusal in refusals
        for path, reason in _found(refusal, Inputs(inputs))
    ]


def _found(refusal: Refusal, inputs: Inputs) -> Iterable[Fault]:
    found = []
    try:
        for fault in refusal.judge(inputs):
            found.append(fault)
    except NotKnownError:
        pass  # the update checks again, when it is known
    return found


def refuse(situation: Situation) -> list[str]:
    """Raise AWS's error where AWS would refuse the resource; return what cannot be told."""
    unjudged = []
    for refusal in refusals_of(situation.token, When.DEPLOY):
        messages, trouble = _heard(refusal, situation)
        unjudged += trouble
        if messages:
            error = {"Error": {"Code": refusal.error, "Message": messages[0]}}
            raise ClientError(error, refusal.operation)  # type: ignore[arg-type] # as botocore builds it
    return unjudged


def failing_in_use(situation: Situation) -> list[str]:
    """Return what AWS accepts of the resource and what will fail, as deployed now."""
    found = []
    for refusal in refusals_of(situation.token, When.USE):
        messages, trouble = _heard(refusal, situation)
        found += [*messages, *trouble]
    return found


def _heard(refusal: Refusal, situation: Situation) -> tuple[list[str], list[str]]:
    """Return what a judge says, and what it cannot judge: a policy that the evaluator does not understand."""
    try:
        return list(refusal.judge(situation)), []
    except PermissionsError as error:
        return [], [f"whether AWS accepts this cannot be told ({refusal.name}): {error}"]
