"""AWS clients that retry within the function's time; region and endpoint come from the environment.

botocore's standard mode waits between attempts by capped exponential backoff with full jitter. Two things it
does not know. One is the invocation's end. The other is that throttling must be outlasted: when many calls
are throttled for long, its retry quota is used up, and half-throttled writes would then drive messages into
the dead-letter queue, although a few more attempts are all that they need.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.deadline import Deadline
from common.errors import TransientError

ATTEMPTS = 4
THROTTLED_ATTEMPTS = 6
CONNECT_SECONDS = 2
READ_SECONDS = 5
# At most this is waited before an attempt after throttling; after other failures it is far less.
LONGEST_WAIT_SECONDS = 2 ** (ATTEMPTS - 2)
# What an attempt of a usual client and the wait after it can take: with less left, no attempt is begun.
RESERVE_SECONDS = CONNECT_SECONDS + READ_SECONDS + LONGEST_WAIT_SECONDS
# With less left no item is begun: its few calls take part of a second each, and so the last is still begun.
ITEM_SECONDS = RESERVE_SECONDS + 4
# What a HEAD is answered has no body: S3's SlowDown is its status alone there.
THROTTLING = frozenset(
    {
        "503",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)


def client_config(*, read_seconds: int = READ_SECONDS, attempts: int = ATTEMPTS) -> Config:
    """Return the configuration of a client; *read_seconds* is for calls that by nature answer late.

    Such calls are better given fewer *attempts*, which then hold for throttling, too.
    """
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


def within[C: BaseClient](deadline: Deadline, client: C) -> C:
    """Return *client*, which from now on outlasts throttling, but begins no attempt near the *deadline*.

    An attempt is begun if the client's own timeouts leave room for it whole.
    """
    config: Any = client.meta.config
    reserve = config.connect_timeout + config.read_timeout + LONGEST_WAIT_SECONDS

    def check(**_: Any) -> None:
        deadline.require(reserve)

    client.meta.events.register_first("before-send", check)
    if config.retries["total_max_attempts"] >= ATTEMPTS:
        client.meta.events.register_last("needs-retry", _wait_if_throttled)  # type: ignore[arg-type]
    return client


def _wait_if_throttled(
    *, response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: Any
) -> float | None:
    """Return the seconds to wait for the next attempt; asked last, it speaks where standard mode gave up."""
    code: object = response[1].get("Error", {}).get("Code") if response else None
    if code not in THROTTLING or attempts >= THROTTLED_ATTEMPTS:
        return None
    longest: int = min(LONGEST_WAIT_SECONDS, 2 ** (attempts - 1))
    return random.random() * longest  # noqa: S311 - jitter is no secret


@contextmanager
def transient_failures(action: str) -> Iterator[None]:
    """Turn whatever AWS still answers after all attempts into a `TransientError` that names *action*.

    That holds for refused access and missing tables, too: the message ends in the dead-letter queue, from
    where it is redriven once the deployment is repaired. A caller that knows better catches the error before.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise TransientError(f"{action}: {error}") from error
