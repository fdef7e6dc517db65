"""Calls that AWS services make in their own name: what the target's policy and the key behind it say."""

from collections.abc import Callable, Iterator

from local.permissions.actions.kms import encryption_context
from local.permissions.calls import ServiceCall
from local.permissions.contexts import of_service
from local.permissions.documents import Policy
from local.permissions.evaluator import Decision, Request
from local.permissions.key_policies import Keys
from local.permissions.keys import Context
from local.permissions.principals import Caller
from local.permissions.snapshot import Snapshot

type Decide = Callable[[Request, list[Policy]], Decision]
"""Evaluates and records a request that a resource's own policy decides."""


def service_decisions(snapshot: Snapshot, call: ServiceCall, decide: Decide) -> Iterator[Decision]:
    """Yield the decisions on *call*, up to the first that denies it."""
    caller = Caller(principal=call.principal, account=call.account)
    if call.action:
        request = Request(
            caller=caller, action=call.action, resource=call.resource, context=Context(of_service(call))
        )
        decision = decide(request, snapshot.resource(call.resource))
        yield decision
        if not decision.allowed:
            return
    key = Keys(snapshot).behind_for_services(call.resource, call.key) if call.key_actions else None
    if key is None:
        return
    values = {
        **of_service(call, names_source=call.key_learns_source),
        **encryption_context({call.bound_to: call.resource}),
    }
    for action in call.key_actions:
        request = Request(caller=caller, action=action, resource=key.arn, context=Context(values))
        decision = decide(request, [key.policy])
        yield decision
        if not decision.allowed:
            return


class Recent:
    """Decisions on calls of services, kept for as long as *as_of* stays the same."""

    def __init__(self) -> None:
        self._as_of: object = None
        self._known: dict[ServiceCall, list[Decision]] = {}

    def get(self, as_of: object, call: ServiceCall) -> list[Decision] | None:
        """Return what was decided on *call*, None if nothing was."""
        if as_of != self._as_of:
            self._as_of, self._known = as_of, {}
        return self._known.get(call)

    def put(self, as_of: object, call: ServiceCall, decisions: list[Decision]) -> None:
        """Keep what was decided."""
        if as_of == self._as_of:
            self._known[call] = decisions
