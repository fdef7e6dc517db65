"""What was asked for while the stack ran: permissions used, calls denied, judgements that failed."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from local.permissions.documents import Policy, Statement
from local.permissions.evaluator import Decision, Grant
from local.permissions.recording import Recorded, Recording

_BUCKET_ACTIONS = ("s3:list", "s3:getbucket")
_INDEX_ACTIONS = ("dynamodb:query", "dynamodb:scan")


@dataclass(frozen=True, kw_only=True, order=True)
class Denial:
    """A call that was refused, and how often."""

    principal: str
    action: str
    resource: str
    reason: str
    times: int = 1


@dataclass(frozen=True, kw_only=True, order=True)
class Unused:
    """A permission that a role was granted and never made use of."""

    role: str
    statement: str
    action: str
    resource: str


class Ledger:
    """Collects decisions of many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: set[tuple[str, Grant]] = set()
        self._allowed: Counter[tuple[str, str, str]] = Counter()
        self._denied: Counter[tuple[str, str, str, str]] = Counter()
        self._errors: dict[str, None] = {}
        self._recording = Recording()

    def record(self, decision: Decision) -> None:
        """Note what *decision* allowed or refused, and by which policies."""
        self._recording.add(decision)
        asked = decision.request
        who = asked.caller.principal
        with self._lock:
            if not decision.allowed:
                self._denied[who, asked.action, asked.resource, decision.reason] += 1
                return
            self._allowed[who, asked.action, asked.resource] += 1
            self._used.update((who, grant) for grant in decision.grants)

    def record_error(self, message: str) -> None:
        """Note a judgement that could not be made."""
        with self._lock:
            self._errors[message] = None

    def recorded(self) -> list[Recorded]:
        """Return every request that was judged, those that were judged alike once."""
        return self._recording.all()

    def allowed(self) -> list[tuple[str, str, str]]:
        """Return who did what on which resource, sorted."""
        with self._lock:
            return sorted(self._allowed)

    def denials(self) -> list[Denial]:
        """Return what was refused, sorted."""
        with self._lock:
            counted = list(self._denied.items())
        return sorted(
            Denial(principal=who, action=action, resource=resource, reason=reason, times=times)
            for (who, action, resource, reason), times in counted
        )

    def errors(self) -> list[str]:
        """Return the judgements that could not be made, in order of appearance."""
        with self._lock:
            return list(self._errors)

    def unused(self, role: str, policies: Iterable[Policy]) -> list[Unused]:
        """Return what *policies* grant *role* and what it never made use of, sorted."""
        with self._lock:
            used = {grant for who, grant in self._used if who == role}
        return sorted(
            Unused(role=role, statement=grant.statement, action=grant.action, resource=grant.resource)
            for policy in policies
            for statement in policy.statements
            if statement.allows and (statement.principals is None or role in statement.principals.aws)
            for grant in _grants(statement)
            if grant not in used
        )


def _grants(statement: Statement) -> list[Grant]:
    """Return the statement's pairs of action and resource, without those that mean nothing beside others.

    `s3:ListBucket` on `bucket/*` is nothing that can be used, if the same statement also names the bucket.
    """
    actions = ("*",) if statement.not_actions else statement.actions
    resources = ("*",) if statement.not_resources else statement.resources
    pairs = {(a, r): _applies(a, r) for a in actions for r in resources}
    useful_actions = {a for (a, _), applies in pairs.items() if applies}
    useful_resources = {r for (_, r), applies in pairs.items() if applies}
    return [
        Grant(statement=statement.name, action=a, resource=r)
        for (a, r), applies in pairs.items()
        if applies or a not in useful_actions or r not in useful_resources
    ]


def _applies(action: str, resource: str) -> bool:
    name = action.lower()
    if name.startswith("s3:") and "*" not in name and resource != "*":
        return name.startswith(_BUCKET_ACTIONS) != ("/" in resource)
    if name.startswith("dynamodb:") and "/index/" in resource:
        return name in _INDEX_ACTIONS
    return True
