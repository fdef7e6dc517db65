"""An emulated cloud for the session; a deployment and a runner for each test."""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from local.deployed import Deployed
from local.faults import Faults
from local.permissions.judge import Judge
from local.runner import Runner
from tests.local.runner.stage import Stage

_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def runtime_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the Lambda runtime brings, and no other package of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    for package in _RUNTIME:
        spec = importlib.util.find_spec(package)
        assert spec
        assert spec.origin
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).symlink_to(source)
    return folder


@pytest.fixture
def stage(endpoint: str, tmp_path: Path) -> Stage:
    return Stage(deployed=Deployed(), endpoint=endpoint, folder=tmp_path)


@pytest.fixture
def judge(stage: Stage) -> Judge:
    def tags_of(bucket: str, key: str, version: str | None) -> dict[str, str]:
        raise LookupError(f"no such bucket: {bucket}")

    return Judge(stage.deployed, tags_of=tags_of)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def time_scale() -> float:
    """By what waits of the cloud are divided: they take no time, unless a test says otherwise."""
    return 1e6


@pytest.fixture
def runner(
    stage: Stage, judge: Judge, faults: Faults, runtime_dir: Path, time_scale: float
) -> Iterator[Runner]:
    running = Runner(
        stage.deployed,
        judge,
        faults=faults,
        endpoint=stage.endpoint,
        time_scale=time_scale,
        work_dir=stage.folder / "runner",
        runtime_dir=runtime_dir,
    )
    running.start()
    yield running
    running.stop()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A queue name of the test's own: the cloud is shared."""
    return f"q-{abs(hash(request.node.nodeid))}"


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds, and fail after a time that is far beyond what it can take."""

    def wait(holds: Callable[[], bool], seconds: float = 30) -> None:
        pause = threading.Event()
        for _ in range(int(seconds / 0.02)):
            if holds():
                return
            pause.wait(0.02)
        pytest.fail("what was waited for did not happen")

    return wait
