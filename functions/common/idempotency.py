"""Work that is done once per key, on Powertools' idempotency over DynamoDB."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    BaseError,
    IdempotencyItemAlreadyExistsError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import (
    STATUS_CONSTANTS,
    DataRecord,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from common.errors import TransientError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class _Marks(DynamoDBPersistenceLayer):
    """Marks of work under way, which know what their own invocation wrote.

    If the answer to a write was lost, its repetition meets the mark itself. A mark bears the deadline of its
    invocation, which works on one message after the other: whatever has the same deadline is not under way
    elsewhere. Should two invocations share one to the millisecond, the work must be harmless when repeated.
    """

    def _put_record(self, data_record: DataRecord) -> None:
        try:
            super()._put_record(data_record)
        except IdempotencyItemAlreadyExistsError as error:
            if not _same_mark(error.old_data_record, data_record):
                raise


def _same_mark(standing: DataRecord | None, own: DataRecord) -> bool:
    if standing is None or standing.status != STATUS_CONSTANTS["INPROGRESS"]:
        return False
    deadline = own.in_progress_expiry_timestamp
    return deadline is not None and standing.in_progress_expiry_timestamp == deadline


class Once:
    """Runs work that has not yet succeeded under its key; failed work leaves no trace and may be repeated.

    *purpose* keeps the keys of functions apart that share a table. After *hours* the key is forgotten: a
    repeat that comes later must be harmless by itself, as conditional writes are.
    """

    def __init__(self, client: "DynamoDBClient", *, table: str, hours: int, purpose: str) -> None:
        self._config = IdempotencyConfig(expires_after_seconds=hours * 3600, hash_function="sha256")
        self._layer = _Marks(table_name=table, boto3_client=client)
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
