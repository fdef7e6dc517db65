"""Both evaluators decide AWS's published examples as AWS says."""

from typing import Any

import pytest

from local.permissions import conditions, keys
from local.permissions.documents import Kind, parse_policy
from local.permissions.evaluator import Request, evaluate
from local.permissions.keys import Context
from local.permissions.principals import Caller
from tests.local.permissions import naive, published_conditions, published_elements, published_logic
from tests.local.permissions.example import ACCOUNT, ROLE, SESSION, Case, Example

EXAMPLES = [*published_logic.EXAMPLES, *published_elements.EXAMPLES, *published_conditions.EXAMPLES]
PUBLISHED = [
    pytest.param(example, case, id=f"{example.page}-{case.action}")
    for example in EXAMPLES
    for case in example.cases
]


@pytest.fixture
def every_key_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lift the refusal of keys that no local request has: AWS's examples have many."""
    for module in (conditions, keys):
        monkeypatch.setattr(module, "is_known", lambda key: True)
    monkeypatch.setattr(conditions, "is_multivalued", lambda key: key == published_conditions.TAG_KEYS)


def listed(context: dict[str, Any]) -> dict[str, list[str]]:
    return {key: value if isinstance(value, list) else [value] for key, value in context.items()}


@pytest.mark.usefixtures("every_key_is_known")
@pytest.mark.parametrize(("example", "case"), PUBLISHED)
def test_the_evaluator_decides_as_the_page_says(example: Example, case: Case) -> None:
    session = SESSION if case.caller == ROLE else None
    request = Request(
        caller=Caller(principal=case.caller, account=ACCOUNT, session_arn=session),
        action=case.action,
        resource=case.resource,
        context=Context(listed(case.context)),
    )
    own = {Kind.IDENTITY: example.identity, Kind.BOUNDARY: example.boundary}
    decision = evaluate(
        request,
        identity=[parse_policy(d, name=kind.value, kind=kind) for kind, all_ in own.items() for d in all_],
        resource=[parse_policy(d, name="resource", kind=Kind.RESOURCE) for d in example.resource],
        resource_decides=example.resource_decides,
    )

    explicit = "explicit deny" in decision.cause
    found = "allowed" if decision.allowed else "denied" if explicit else "not allowed"
    assert found == case.expected, decision.reason


@pytest.mark.parametrize(("example", "case"), PUBLISHED)
def test_so_does_the_second_evaluator(example: Example, case: Case) -> None:
    who = {"role": case.caller, "session": SESSION if case.caller == ROLE else case.caller}
    if not case.caller.startswith("arn:"):
        who = {"service": case.caller}
    request = {
        **who,
        "account": ACCOUNT,
        "action": case.action,
        "resource": case.resource,
        "context": listed(case.context),
    }

    found = naive.decide(
        request,
        example.identity,
        example.resource,
        boundary=example.boundary,
        session=[],
        resource_decides=example.resource_decides,
    )

    assert found == case.expected
