"""The project's own program in a judged cloud, put there resource by resource, without the engine."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import local.provider.resources  # noqa: F401 - registers the emulations
from local.deliveries.deliveries import Deliveries
from local.deployed import Deployed, Resource
from local.permissions.judge import Judge
from local.provider.emulation import EMULATIONS, Call, Cloud
from tests import mocks
from tests.local.deliveries.stage import REGION, Judged

ELSEWHERE = ("aws:kms/", "aws:lambda/", "aws:dynamodb/")
"""Kinds that are deployed without being created in moto: no delivery needs them there."""


class Program:
    """What `Pulumi.local.yaml` deploys; each test has a judge of its own, and policies as deployed."""

    def __init__(self, judged: Judged) -> None:
        self.deployed = Deployed()
        self._judged = judged
        self._as_deployed: list[Resource] = []
        judged.reset()
        self.renew()
        for registered in mocks.deployed("local").resources:
            if registered.custom:
                self._create(registered)
        self._as_deployed = self.deployed.all()

    def renew(self) -> None:
        """Begin anew: no denials yet, and every policy as deployed."""
        for resource in self.deployed.all():
            self.deployed.remove(resource.urn, resource.id)
        for resource in self._as_deployed:
            self.deployed.put(resource)
        self.judge = Judge(self.deployed, tags_of=lambda *_: {})
        self.deliveries = Deliveries(self.judge)
        self._judged.decide = self.deliveries.decide
        given = self._judged.cloud
        self.cloud = Cloud(endpoint=given.endpoint, code_folder=given.code_folder, judge=self.judge)

    def client(self, service: str) -> Any:
        return self.cloud.client(service, REGION)

    def resource(self, token: str, name: str) -> Resource:
        return next(one for one in self.deployed.of_type(token) if one.urn.endswith(f"::{name}"))

    def change(self, token: str, name: str, **properties: Any) -> None:
        found = self.resource(token, name)
        self.deployed.put(
            Resource(urn=found.urn, type=token, id=found.id, properties={**found.properties, **properties})
        )

    def put(self, token: str, name: str, properties: Mapping[str, Any]) -> None:
        """Deploy something more, until the end of the test."""
        self.deployed.put(Resource(urn=f"test::{name}::{token}", type=token, id=name, properties=properties))

    def without(self, token: str, name: str, sid: str) -> None:
        """Take one statement out of a policy."""
        self._edit(token, name, lambda one: None if one["Sid"] == sid else one, sid)

    def without_action(self, token: str, name: str, sid: str, action: str) -> None:
        """Take one action out of a statement."""

        def take(one: Mapping[str, Any]) -> Mapping[str, Any]:
            if one["Sid"] != sid:
                return one
            assert action in one["Action"]
            return {**one, "Action": [other for other in one["Action"] if other != action]}

        self._edit(token, name, take, sid)

    def denials(self) -> list[tuple[str, str, str]]:
        return [(one.principal, one.action, one.resource) for one in self.judge.denials()]

    def _edit(self, token: str, name: str, edit: Callable[[Any], Any], sid: str) -> None:
        document = json.loads(self.resource(token, name).properties["policy"])
        assert sid in [statement["Sid"] for statement in document["Statement"]]
        document["Statement"] = [kept for kept in map(edit, document["Statement"]) if kept]
        self.change(token, name, policy=json.dumps(document))

    def _create(self, registered: mocks.Registered) -> None:
        identity, properties = mocks.answer(registered, preview=False)
        emulation = EMULATIONS.get(registered.type)
        if emulation and not registered.type.startswith(ELSEWHERE):
            call = Call(cloud=self.cloud, region=REGION, inputs=registered.inputs, tags={})
            created, outputs = emulation.create(call)
            properties = {**properties, **{key: outputs[key] for key in ("arn", "status") if key in outputs}}
            if registered.type.startswith("aws:guardduty/"):  # AWS makes its name up
                identity = created
        self.deployed.put(
            Resource(
                urn=registered.urn,
                type=registered.type,
                id=identity,
                properties={**properties, "region": REGION},
            )
        )
