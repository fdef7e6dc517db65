"""The provider in this process, on an emulated cloud that is empty before each test."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from local.deployed import Deployed
from local.provider.emulation import Cloud
from tests.local.provider.caller import Caller


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(endpoint: str, tmp_path: Path) -> Cloud:
    reset = urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")  # noqa: S310 - our own loopback address
    urllib.request.urlopen(reset).close()  # noqa: S310
    return Cloud(endpoint=endpoint, code_folder=tmp_path)


@pytest.fixture
def provider(cloud: Cloud) -> Caller:
    """A provider that deploys."""
    return Caller(Deployed(), cloud)


@pytest.fixture
def previewing() -> Caller:
    """A provider without a cloud."""
    return Caller(Deployed(), None)
