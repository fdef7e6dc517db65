"""Judges every call that a deployed role makes against everything deployed that has a say in it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import time as now

from local.deployed import Deployed
from local.permissions.actions import checks
from local.permissions.actions.kms import encryption_context
from local.permissions.calls import Call, Check, KeyUse, ObjectVersion, ServiceCall
from local.permissions.contexts import common, of_service
from local.permissions.documents import Policy
from local.permissions.errors import PermissionsError
from local.permissions.evaluator import Decision, Request, evaluate
from local.permissions.key_policies import Keys
from local.permissions.keys import Context, Tags
from local.permissions.ledger import Denial, Ledger, Unused
from local.permissions.principals import Caller
from local.permissions.recording import Recorded
from local.permissions.replay import Proof
from local.permissions.services import Recent, service_decisions
from local.permissions.snapshot import Snapshot
from local.permissions.verdict import prove_exact

type TagsOf = Callable[[str, str, str | None], Mapping[str, str]]
"""Answers the tags of an S3 object, given bucket, key and version; what does not exist has none."""


@dataclass(frozen=True, kw_only=True)
class RoleSession:
    """A role in use: Lambda names the session after the function.

    *function_arn* is given when the function's own code calls, and absent when Lambda calls with its role.
    """

    role_arn: str
    session: str
    function_arn: str | None = None

    @property
    def caller(self) -> Caller:
        """The session as policies see it."""
        account, name = self.role_arn.split(":")[4], self.role_arn.rpartition("/")[2]
        session_arn = f"arn:aws:sts::{account}:assumed-role/{name}/{self.session}"
        return Caller(principal=self.role_arn, account=account, session_arn=session_arn)


class Judge:
    """Decides by the policies in *deployed*, as of each call, and keeps a record of what it decided.

    The local endpoint speaks plain HTTP where AWS speaks TLS 1.3, so requests count as made over TLS.
    """

    def __init__(self, deployed: Deployed, *, tags_of: TagsOf) -> None:
        self._deployed = deployed
        self._tags_of = tags_of
        self._ledger = Ledger()
        self._lock = threading.Lock()
        self._revision = -1
        self._current = Snapshot([])
        self._recent = Recent()

    def call(self, session: RoleSession, call: Call, *, tags: Tags | None = None) -> Decision | None:
        """Judge an API call: return the decision that denies it, None if everything it needs is allowed.

        *tags* answers the tags of the S3 object that the call is about, for callers that know them.

        Raises
        ------
        PermissionsError
            A policy or the operation is not understood; the call must fail loudly.
        """
        try:
            decisions = self._decisions(session, call, tags)
            return next((decision for decision in decisions if not decision.allowed), None)
        except PermissionsError as error:
            self._ledger.record_error(f"{call.service}:{call.operation} by {session.role_arn}: {error}")
            raise

    def assume(self, role_arn: str, *, service: str, source: str) -> Decision | None:
        """Judge that *service* takes on a role for *source* (an ARN): return what denies it, if anything."""
        account, region = source.split(":")[4], source.split(":")[3]
        call = ServiceCall(
            principal=service,
            account=account,
            region=region,
            source=source,
            action="sts:AssumeRole",
            resource=role_arn,
        )
        request = Request(
            caller=Caller(principal=service, account=account),
            action=call.action,
            resource=role_arn,
            context=Context(of_service(call)),
        )
        decision = self._decide_by_resource(request, [self._snapshot().trust(role_arn)])
        return None if decision.allowed else decision

    def start(self, session: RoleSession, function_arn: str) -> Decision | None:
        """Judge the start of a function: its role trusts Lambda, and its environment can be decrypted."""
        untrusted = self.assume(session.role_arn, service="lambda.amazonaws.com", source=function_arn)
        if untrusted:
            return untrusted
        snapshot, region = self._snapshot(), function_arn.split(":")[3]
        use = KeyUse(
            holder=function_arn,
            via="lambda",
            actions=("kms:Decrypt",),
            encryption_context={"aws:lambda:FunctionArn": function_arn},
        )
        decisions = self._key_decisions(snapshot, session.caller, use, region)
        return next((decision for decision in decisions if not decision.allowed), None)

    def service(self, call: ServiceCall) -> Decision | None:
        """Judge a call that a service makes in its own name: return what denies it, None if it is allowed.

        A decision holds as long as the deployment is the same, and the time, which policies see in seconds.

        Raises
        ------
        PermissionsError
            A policy is not understood.
        """
        as_of = (self._deployed.revision, int(now()))
        with self._lock:
            decisions = self._recent.get(as_of, call)
        if decisions is not None:
            for decision in decisions:
                self._ledger.record(decision)
        else:
            try:
                decisions = list(service_decisions(self._snapshot(), call, self._decide_by_resource))
            except PermissionsError as error:
                self._ledger.record_error(f"{call.action} on {call.resource} by {call.principal}: {error}")
                raise
            with self._lock:
                self._recent.put(as_of, call, decisions)
        return next((decision for decision in decisions if not decision.allowed), None)

    def uses_kms(self, holder: str) -> bool:
        """Tell whether the resource with ARN *holder* is encrypted with a key of KMS, AWS's own or not."""
        return Keys(self._snapshot()).behind(holder).kms

    def allowed(self) -> list[tuple[str, str, str]]:
        """Return (principal, action, resource) of everything that was allowed, sorted."""
        return self._ledger.allowed()

    def denials(self) -> list[Denial]:
        """Return what was refused, sorted."""
        return self._ledger.denials()

    def errors(self) -> list[str]:
        """Return the calls that could not be judged, each once."""
        return self._ledger.errors()

    def recorded(self) -> list[Recorded]:
        """Return every request that was judged, those that were judged alike once."""
        return self._ledger.recorded()

    def proof(self) -> Proof:
        """Replay what was judged so far with each part of each deployed policy left out in turn."""
        return prove_exact(self._snapshot(), self._ledger.recorded())

    def knows_key(self, reference: str) -> bool:
        """Tell whether a key with this id, ARN or alias is deployed."""
        snapshot, name = self._snapshot(), reference.split(":", 5)[-1].removeprefix("key/")
        aliases = {alias["name"] for alias in snapshot.of_type("aws:kms/alias:Alias")}
        return name in aliases | {key["id"] for key in snapshot.of_type("aws:kms/key:Key")}

    def unused(self) -> list[Unused]:
        """Return what the deployed policies grant to roles and no call made use of, sorted by role.

        A role whose policies are not understood is left out and noted among the errors.
        """
        snapshot = self._snapshot()
        found = []
        for role in sorted(snapshot.role_arns()):
            try:
                on_resources = [*snapshot.all_resource_policies(), *Keys(snapshot).all_policies()]
                found += self._ledger.unused(role, [*snapshot.identity(role), *on_resources])
            except PermissionsError as error:
                self._ledger.record_error(f"unused permissions of {role}: {error}")
        return found

    def _snapshot(self) -> Snapshot:
        revision = self._deployed.revision
        with self._lock:
            if revision != self._revision:
                self._current, self._revision = Snapshot(self._deployed.all()), revision
            return self._current

    def _decide_by_resource(self, request: Request, policies: list[Policy]) -> Decision:
        return self._decide(request, resource=policies, resource_decides=True)

    def _decide(
        self,
        request: Request,
        *,
        identity: Sequence[Policy] = (),
        resource: Sequence[Policy] = (),
        resource_decides: bool = False,
    ) -> Decision:
        """Evaluate and record: whatever the judge decides is decided here."""
        decision = evaluate(request, identity=identity, resource=resource, resource_decides=resource_decides)
        self._ledger.record(decision)
        return decision

    def _decisions(self, session: RoleSession, call: Call, tags: Tags | None) -> Iterator[Decision]:
        snapshot = self._snapshot()
        for check in checks(call):
            if check.only_if_tagged and check.tags_of and not (tags or self._tags(check.tags_of))():
                continue
            yield self._permission(snapshot, session, call, check, tags)
            if check.key_use:
                yield from self._key_decisions(snapshot, session.caller, check.key_use, call.region)

    def _permission(
        self, snapshot: Snapshot, session: RoleSession, call: Call, check: Check, tags: Tags | None
    ) -> Decision:
        caller = session.caller
        values = {**common(caller, call.region), **check.context, "aws:ViaAWSService": "false"}
        if session.function_arn:
            values["lambda:SourceFunctionArn"] = session.function_arn
        if call.service == "s3":
            values |= {"s3:TlsVersion": "1.3", "s3:ResourceAccount": caller.account}
        key = Keys(snapshot).find(check.resource) if call.service == "kms" else None
        if key:
            values["kms:CallerAccount"] = caller.account
        request = Request(
            caller=caller,
            action=check.action,
            resource=key.arn if key else check.resource,
            context=Context(values, (tags or self._tags(check.tags_of)) if check.tags_of else None),
        )
        policies = [key.policy] if key else snapshot.resource(request.resource)
        return self._decide(
            request,
            identity=snapshot.identity(session.role_arn),
            resource=policies,
            resource_decides=key is not None,
        )

    def _tags(self, item: ObjectVersion) -> Tags:
        return lambda: self._tags_of(item.bucket, item.key, item.version)

    def _key_decisions(
        self, snapshot: Snapshot, caller: Caller, use: KeyUse, region: str
    ) -> Iterator[Decision]:
        """Yield what the key behind a resource says to a service that uses it for *caller*."""
        keys = Keys(snapshot)
        encryption = keys.behind(use.holder)
        reference = use.key or encryption.key
        key = keys.find(reference) if reference else None
        if key is None:
            return  # encrypted with a key of AWS's own, which admits everyone who may use the resource
        pairs = {"aws:s3:arn": use.holder} if encryption.bucket_key else use.encryption_context
        values = {
            **common(caller, region),
            **encryption_context(pairs),
            "aws:ViaAWSService": "true",
            "kms:ViaService": f"{use.via}.{region}.amazonaws.com",
            "kms:CallerAccount": caller.account,
        }
        for action in use.actions:
            if action == "kms:CreateGrant":  # services make grants for their own resources alone
                values["kms:GrantIsForAWSResource"] = "true"
            yield self._decide(
                Request(caller=caller, action=action, resource=key.arn, context=Context(values)),
                identity=snapshot.identity(caller.principal),
                resource=[key.policy],
                resource_decides=True,
            )
