"""One emulated cloud for the session; a front with its API for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import CloudProcess
from local.provider.emulation import Cloud
from tests.local.front.stage import Shop


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    served = CloudProcess("http://127.0.0.1:1/invoke", 2)
    yield Cloud(endpoint=served.endpoint, code_folder=tmp_path_factory.mktemp("code"))
    served.stop()


@pytest.fixture
def shop(cloud: Cloud, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(cloud, tmp_path)
    yield shop
    shop.stop()
