"""Work that is done once per key, on Powertools' idempotency over DynamoDB."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import BaseError
from aws_lambda_powertools.utilities.typing import LambdaContext

from common.errors import TransientError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Once:
    """Runs work that has not yet succeeded under its key; failed work leaves no trace and may be repeated.

    *purpose* keeps the keys of functions apart that share a table. After *hours* the key is forgotten: a
    repeat that comes later must be harmless by itself, as conditional writes are.
    """

    def __init__(self, client: "DynamoDBClient", *, table: str, hours: int, purpose: str) -> None:
        self._config = IdempotencyConfig(expires_after_seconds=hours * 3600, hash_function="sha256")
        self._layer = DynamoDBPersistenceLayer(table_name=table, boto3_client=client)
        self._purpose = purpose

    def register(self, context: LambdaContext) -> None:
        """Let work that is cut off by the timeout of *context* be repeated from then on."""
        self._config.register_lambda_context(context)

    def run(self, key: str, work: Callable[[], None]) -> None:
        """Do *work* unless it succeeded before under *key*.

        Raises
        ------
        TransientError
            The same work is under way elsewhere, or its state cannot be read or written.
        """
        perform = idempotent_function(
            _perform,
            data_keyword_argument="key",
            config=self._config,
            persistence_store=self._layer,
            key_prefix=self._purpose,
        )
        try:
            perform(key=key, work=work)
        except BaseError as error:
            raise TransientError(f"idempotency of {self._purpose}: {error}") from error


def _perform(*, key: str, work: Callable[[], None]) -> None:  # noqa: ARG001 - the decorator reads the key
    work()
