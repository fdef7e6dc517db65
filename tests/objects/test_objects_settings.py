"""The functions' environment: complete and valid, or the function does not start."""

import pytest

from common.errors import SettingsError
from objects.settings import QuarantineSettings, WorkerSettings
from tests.objects.conftest import ENVIRONMENT


@pytest.mark.finding("SP-16")
@pytest.mark.parametrize("model", [WorkerSettings, QuarantineSettings])
def test_a_missing_variable_stops_the_function_with_its_name(
    model: type[WorkerSettings] | type[QuarantineSettings],
) -> None:
    names = [name.upper() for name in model.model_fields]
    assert model.load({name: ENVIRONMENT[name] for name in names})

    for missing in names:
        with pytest.raises(SettingsError, match=f"{missing}: Field required"):
            model.load({name: ENVIRONMENT[name] for name in names if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_OBJECT_BYTES", "0"),
        ("MAX_OBJECT_BYTES", "ten"),
        ("RECORD_SHARDS", "-1"),
        ("ALLOWED_CONTENT_TYPES", " , "),
        ("RECORDS_TABLE", ""),
        ("POWERTOOLS_LOG_LEVEL", "LOUD"),
    ],
)
def test_an_invalid_variable_stops_the_function_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: "):
        WorkerSettings.load(ENVIRONMENT | {name: value})


def test_content_types_are_read_from_one_variable() -> None:
    loaded = WorkerSettings.load(ENVIRONMENT | {"ALLOWED_CONTENT_TYPES": "Text/CSV, application/json"})

    assert loaded.allowed_content_types == {"text/csv", "application/json"}
