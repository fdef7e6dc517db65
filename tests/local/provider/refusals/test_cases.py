"""Programs with one fault each are refused with AWS's own error, or reported where AWS takes them."""

from concurrent import futures

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc

from local.provider.refusals.referee import Referee
from tests.local.provider.caller import AbortedError
from tests.local.provider.refusals.stage import RefusedError, deploy, needs, read

CASES = {case["case"]: case for case in read("cases")}
# moto, which never sees a bucket policy, takes logging only as the cloud process of the stack corrects it.
DEPLOYABLE = sorted(read("bases").keys() - {"logging"})


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps the warnings that the provider sends."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(1))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Log(self, request, context):  # noqa: N802 - the protocol's name
        self.warnings.append(request.message)
        return empty_pb2.Empty()

    def stop(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def engine(provider):
    engine = Engine()
    provider.attach(engine.address)
    yield engine
    engine.stop()


def long(value):
    """Return a change with what the file writes shorter."""
    if isinstance(value, dict):
        return {str(key): long(item) for key, item in value.items()}
    return "x" * 3000 if value == "x*3000" else value


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if case["at"] == "check"])
def test_a_fault_in_the_inputs_is_refused_at_check(provider, title):
    case = CASES[title]
    changes = long(case["with"])

    with pytest.raises(RefusedError) as refused:
        deploy(provider, *case.get("needs", []), case["deploy"], changes=changes)

    assert case["says"] in str(refused.value)
    assert f"answers {case['error']}" in str(refused.value)


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if case["at"] == "deploy"])
def test_what_does_not_fit_what_is_deployed_is_refused_with_awss_error(provider, title):
    case = CASES[title]

    with pytest.raises(AbortedError) as refused:
        deploy(provider, *case.get("needs", []), case["deploy"], changes=case["with"])

    message = str(refused.value)
    assert f"An error occurred ({case['error']}) when calling the " in message
    assert case["says"] in message
    assert message.startswith(
        f"creating urn:pulumi:local::sandbox::{read('bases')[case['deploy']]['type']}::"
    )


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if case["at"] == "use"])
def test_what_aws_takes_and_fails_later_is_deployed_and_reported(provider, engine, cloud, title):
    case = CASES[title]

    deploy(provider, *case.get("needs", []), case["deploy"], changes=case["with"])

    assert [warning for warning in engine.warnings if case["says"] in warning], engine.warnings
    assert any(case["says"] in one.message for one in Referee(provider.deployed).failing(cloud))


def test_what_fits_is_deployed_without_a_warning(provider, engine, cloud):
    deploy(provider, *DEPLOYABLE)

    assert engine.warnings == []
    assert Referee(provider.deployed).failing(cloud) == []


def test_two_functions_that_are_made_at_once_share_the_accounts_limit(provider):
    deploy(provider, *needs("function")[:-1])
    changes = {"function": {"reservedConcurrentExecutions": 500}}

    def make(name: str) -> str:
        inputs = {"function": {**changes["function"], "name": name}}
        try:
            return deploy(provider, "function", changes=inputs, named=name).id
        except AbortedError as error:
            return str(error)

    with futures.ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(make, ["one", "two"]), key=len)

    assert answers[0] in ("one", "two")
    assert "UnreservedConcurrentExecution below its minimum value of [100]" in answers[1]


def test_an_update_is_refused_as_a_creation_is(provider):
    mapping = deploy(provider, "mapping")
    assert mapping.id
    function = deploy(provider, "function")

    with pytest.raises(AbortedError, match="Queue visibility timeout: 360 seconds is less"):
        provider.update(function, **{**function.inputs, "timeout": 361})


def test_what_is_refused_leaves_nothing_behind(provider):
    changes = {"function": {"reservedConcurrentExecutions": 901}}
    with pytest.raises(AbortedError):
        deploy(provider, "function", changes=changes)

    assert deploy(provider, "function").id == "worker"
