"""The environment of the system's functions."""

from typing import Annotated

from pydantic import BeforeValidator, Field, PositiveInt

from common.settings import FunctionSettings

Name = Annotated[str, Field(min_length=1)]


def _media_types(text: str) -> list[str]:
    return [media_type.strip().lower() for media_type in text.split(",") if media_type.strip()]


class ObjectsSettings(FunctionSettings):
    """What both functions are told."""

    records_table: Name
    idempotency_table: Name
    intake_bucket: Name
    record_shards: PositiveInt
    idempotency_hours: PositiveInt


class WorkerSettings(ObjectsSettings):
    """What the worker is told besides: which objects it accepts."""

    max_object_bytes: PositiveInt
    allowed_content_types: Annotated[frozenset[str], BeforeValidator(_media_types), Field(min_length=1)]


class QuarantineSettings(ObjectsSettings):
    """What the quarantine is told besides: where infected objects go and who is told."""

    quarantine_bucket: Name
    alerts_topic_arn: Name
