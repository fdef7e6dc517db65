"""The function's environment, read once and typed; each field is named like its variable, in lower case."""

import os
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import SettingsError


class FunctionSettings(BaseModel):
    """What every function must be told; a system adds its own fields in a subclass."""

    model_config = ConfigDict(frozen=True, alias_generator=str.upper)

    powertools_service_name: str = Field(min_length=1)
    powertools_metrics_namespace: str = Field(min_length=1)
    powertools_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read *environ*.

        Raises
        ------
        SettingsError
            Naming every variable that is missing or invalid, never its value.
        """
        try:
            return cls.model_validate(dict(environ))
        except ValidationError as error:
            faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
            raise SettingsError(f"set the function's environment right: {faults}") from error
