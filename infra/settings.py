"""Every setting of a stack: typed, with unit and range, required, and checked before any resource is made.

The sections of the systems are in `sections.py`, the raw values come from `config.py`, and
`settings_report.py` words what is wrong with them.
"""

import platform
from typing import Annotated, Final, Literal, Self

import pulumi
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator

from infra.config import Config, read
from infra.errors import SettingsError
from infra.layer import host_platform, lambda_platform
from infra.naming import Scope, too_long
from infra.sections import ObjectsSettings, Section, mismatch, whole
from infra.settings_report import report

Architecture = Literal["arm64", "x86_64"]

# Lambda keeps this much of the account's concurrency for functions without a reservation.
UNRESERVED_CONCURRENCY: Final = 100
LOG_RETENTION_DAYS: Final = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
)
MACHINES: Final[dict[str, Architecture]] = {
    "aarch64": "arm64",
    "arm64": "arm64",
    "x86_64": "x86_64",
    "AMD64": "x86_64",
}


def retention(days: int) -> int:
    """Return *days* if CloudWatch Logs keeps logs for that long."""
    if days not in LOG_RETENTION_DAYS:
        raise ValueError(f"CloudWatch Logs takes one of {', '.join(map(str, LOG_RETENTION_DAYS))}")
    return days


def supported(architecture: str) -> str:
    """Return *architecture* if it is Lambda's, or `host` if this machine's is."""
    if architecture == "host" and platform.machine() not in MACHINES:
        raise ValueError(f"this machine is {platform.machine()!r}, functions run on arm64 or x86_64")
    return architecture


class Settings(Section):
    """The settings of one stack, complete and checked."""

    region: str = Field(
        alias="aws:region",
        pattern=r"^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[1-9]$",
        description="a region of the commercial partition",
        examples=["eu-central-1"],
    )
    prefix: str = Field(
        pattern=r"^[a-z][a-z0-9]{0,5}$",
        description="a lower-case letter and up to 5 lower-case letters or digits",
        examples=["sg"],
    )
    stack: str = Field(
        alias="pulumi:stack",
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        description="lower-case letters, digits and inner hyphens, since bucket names end with it",
        examples=["dev"],
    )
    account_id: str = Field(pattern=r"^\d{12}$", description="12 digits", examples=["111111111111"])
    allowed_account_ids: tuple[Annotated[str, Field(coerce_numbers_to_str=True)], ...] = Field(
        alias="aws:allowedAccountIds",
        description="list of the one account that accountId names",
        examples=[["111111111111"]],
    )
    environment: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,31}$",
        description="lower-case word, at most 32 characters",
        examples=["dev"],
    )
    owner: str = Field(
        pattern=r"^[\w .:/=+@-]{1,128}$", description="1 to 128 tag characters", examples=["platform"]
    )
    cost_center: str = Field(
        pattern=r"^[\w .:/=+@-]{1,128}$", description="1 to 128 tag characters", examples=["cc-1000"]
    )
    alerts_email: str = Field(
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="an email address", examples=["alerts@example.com"]
    )
    architecture: Annotated[Literal["arm64", "x86_64", "host"], AfterValidator(supported)] = Field(
        description="arm64, x86_64, or host for this machine's", examples=["arm64"]
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        description="one of DEBUG, INFO, WARNING, ERROR", examples=["INFO"]
    )
    log_retention_days: Annotated[int, AfterValidator(retention)] = Field(
        description="days that CloudWatch Logs knows", examples=[30]
    )
    key_deletion_days: int = whole(7, 30, "days until a scheduled key deletion happens", 30)
    protect_data: bool = Field(description="true or false", examples=[True])
    objects: ObjectsSettings
    account_concurrency: int = whole(
        200, 1_000_000, "concurrent executions, the account's Lambda quota", 1000
    )

    @field_validator("stack")
    @classmethod
    def fit_names(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a stack whose resources would get names that AWS refuses."""
        if {"prefix", "region"} <= info.data.keys() and (
            sentences := too_long(info.data["prefix"], value, info.data["region"])
        ):
            raise ValueError("; ".join(sentences))
        return value

    @field_validator("allowed_account_ids")
    @classmethod
    def agree_on_account(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Refuse a provider that would also deploy into another account."""
        if (account := info.data.get("account_id")) is not None and value != (account,):
            raise mismatch(f"must hold accountId, which is {account}, and nothing else", mend=[account])
        return value

    @field_validator("account_concurrency")
    @classmethod
    def cover_reservations(cls, value: int, info: ValidationInfo) -> int:
        """Refuse reservations that would starve the rest of the account, which Lambda refuses too."""
        if (objects := info.data.get("objects")) is not None:
            needed = objects.reserved_concurrency + UNRESERVED_CONCURRENCY
            if value < needed:
                raise mismatch(
                    f"functions reserve {objects.reserved_concurrency} together and {UNRESERVED_CONCURRENCY} "
                    f"stay unreserved: at least {needed} (AWS raises quotas), or lower a reservedConcurrency",
                    mend=needed,
                )
        return value

    @classmethod
    def load(cls) -> Self:
        """Read the configuration of the selected stack.

        Raises
        ------
        SettingsError
            Keys are missing, wrong or unknown; all of them are named at once.
        """
        return cls.check(read(pulumi.get_project(), pulumi.get_stack()))

    @classmethod
    def check(cls, config: Config) -> Self:
        """Return the settings that *config* holds, or raise like `load`."""
        try:
            return cls.model_validate(config.completed(cls))
        except ValidationError as error:
            raise SettingsError(report(error.errors(include_url=False), cls, config)) from None

    @property
    def processor(self) -> Architecture:
        """What the functions run on."""
        return MACHINES[platform.machine()] if self.architecture == "host" else self.architecture

    @property
    def layer_platform(self) -> str:
        """What the dependencies are built for, as uv calls it: Lambda, or this machine for `host`."""
        if self.architecture == "host":
            return host_platform(self.processor)
        return lambda_platform(self.processor)

    def scope(self, system: str, data_classification: str) -> Scope:
        """Return where *system* takes names, ARNs and tags from in this stack."""
        return Scope(
            prefix=self.prefix,
            system=system,
            stack=self.stack,
            account_id=self.account_id,
            region=self.region,
            environment=self.environment,
            owner=self.owner,
            cost_center=self.cost_center,
            data_classification=data_classification,
        )
