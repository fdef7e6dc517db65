"""What component tests share: a scope, and one program that builds a block with safe surroundings."""

import pytest

from infra.naming import Scope
from tests.mocks import ACCOUNT, REGION


@pytest.fixture
def scope() -> Scope:
    """A system called `shop` in stack `dev`."""
    return Scope(
        prefix="sg",
        system="shop",
        stack="dev",
        account_id=ACCOUNT,
        region=REGION,
        environment="dev",
        owner="platform",
        cost_center="cc-1000",
        data_classification="internal",
    )
