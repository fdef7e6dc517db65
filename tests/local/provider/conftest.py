"""The provider in this process, on an emulated cloud that is empty before each test."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import CloudProcess
from local.deployed import Deployed
from local.provider.emulation import Cloud
from tests.local.provider.caller import Caller


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    served = CloudProcess("http://127.0.0.1:1/invoke", 2)
    yield served.endpoint
    served.stop()


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
