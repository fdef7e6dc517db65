"""The settings of each system: sections of a stack's settings, with units and ranges.

A setting's example is a valid value; it is what the mending command in an error proposes.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# One attempt of a copy, connected within 2 s, answered within 60 s and repeated after at most 4 s, and 15 s
# for the calls around it. The functions' own constants say so; a test holds this number to them.
QUARANTINE_SECONDS: Final = 81


def whole(low: int, high: int, unit: str, example: int) -> Any:
    """Return a field that holds a whole number of *unit* from *low* to *high*."""
    return Field(ge=low, le=high, description=f"whole number of {unit}, {low} to {high}", examples=[example])


def mismatch(constraint: str, *, mend: object) -> PydanticCustomError:
    """Return the error of a setting that does not fit another one; *mend* is a value that does."""
    return PydanticCustomError("mismatch", "{constraint}", {"constraint": constraint, "mend": mend})


class Section(BaseModel):
    """Settings that belong together; keys are in camelCase and unknown ones are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True
    )


class FunctionSettings(Section):
    """Sizes of one queue-fed function."""

    memory_mb: int = whole(128, 10240, "MB", 256)
    timeout_seconds: int = whole(1, 900, "seconds", 60)
    reserved_concurrency: int = whole(2, 1000, "concurrent executions", 5)
    # Lambda refuses a queue mapping with a maximum below 2.
    maximum_concurrency: int = whole(2, 1000, "concurrent executions fed by the queue", 5)
    batch_size: int = whole(1, 10, "messages", 10)
    batch_window_seconds: int = whole(0, 300, "seconds", 1)

    @field_validator("maximum_concurrency")
    @classmethod
    def stay_within_reservation(cls, value: int, info: ValidationInfo) -> int:
        """Refuse a mapping that would be throttled by its own function."""
        if (reserved := info.data.get("reserved_concurrency")) is not None and value > reserved:
            raise mismatch(
                f"the queue would be throttled: at most reservedConcurrency, which is {reserved}",
                mend=reserved,
            )
        return value


class QuarantineSettings(FunctionSettings):
    """Sizes of the function that copies infected objects, one of which must fit into its time."""

    timeout_seconds: int = whole(
        QUARANTINE_SECONDS, 900, "seconds, of which one attempt of a copy may take 66", 120
    )


class ObjectsSettings(Section):
    """Settings of the system `objects`."""

    data_classification: Literal["public", "internal", "confidential", "restricted"] = Field(
        description="one of public, internal, confidential, restricted", examples=["internal"]
    )
    max_object_mb: int = whole(1, 5120, "MiB", 100)
    allowed_content_types: tuple[Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]*$")], ...] = (
        Field(
            min_length=1,
            description="list of media types such as text/csv, at least one",
            examples=[["text/csv"]],
        )
    )
    infrequent_access_days: int = whole(30, 3560, "days until an object moves to Infrequent Access", 30)
    archive_days: int = whole(60, 3600, "days until an object moves to Glacier Instant Retrieval", 90)
    expire_days: int = whole(61, 3650, "days until an object expires", 365)
    noncurrent_days: int = whole(1, 3650, "days until a noncurrent version expires", 30)
    quarantine_days: int = whole(1, 3650, "days until an infected object expires", 90)
    access_log_days: int = whole(1, 3650, "days until an access log expires", 90)
    record_shards: int = whole(1, 100, "index partitions a day", 4)
    idempotency_hours: int = whole(1, 720, "hours", 24)
    worker: FunctionSettings
    quarantine: QuarantineSettings

    @field_validator("archive_days")
    @classmethod
    def archive_after_infrequent_access(cls, value: int, info: ValidationInfo) -> int:
        """Refuse what S3 refuses: less than 30 days in Infrequent Access."""
        days = info.data.get("infrequent_access_days")
        if days is not None and value < days + 30:
            raise mismatch(
                f"S3 wants 30 days in Infrequent Access first: at least {days + 30}", mend=days + 30
            )
        return value

    @field_validator("expire_days")
    @classmethod
    def expire_after_archive(cls, value: int, info: ValidationInfo) -> int:
        """Refuse an expiry that comes before the archive."""
        if (days := info.data.get("archive_days")) is not None and value <= days:
            raise mismatch(f"objects are archived after {days} days: more than {days}", mend=days + 1)
        return value

    @property
    def reserved_concurrency(self) -> int:
        """What the system's functions reserve together."""
        return self.worker.reserved_concurrency + self.quarantine.reserved_concurrency
