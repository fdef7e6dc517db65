"""One cloud for all tests here, emptied for each."""

from collections.abc import Iterator

import pytest

from tests.local.deliveries.program import Program
from tests.local.deliveries.stage import Judged, Stage


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    judged = Judged(tmp_path_factory.mktemp("code"))
    yield judged
    judged.stop()


@pytest.fixture
def stage(judged: Judged) -> Stage:
    return Stage(judged)


@pytest.fixture(scope="module")
def deployed_program(judged: Judged) -> Program:
    return Program(judged)


@pytest.fixture
def program(deployed_program: Program) -> Program:
    deployed_program.renew()
    return deployed_program
