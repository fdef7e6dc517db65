"""The settings of a stack: complete, in range, and mended by the commands that their errors propose."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.model import StructureShape
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.config import Config, decode
from infra.errors import SettingsError
from infra.settings import LOG_RETENTION_DAYS, Settings
from tests.mocks import PROJECT, ROOT, Deployment, deploy, deploy_stack, stack_config

STACKS = ("dev", "prod", "local")


def config(changes: Mapping[str, Any] | None = None, *, stack: str = "dev") -> Config:
    """Return the configuration of a stack's file with some keys changed; None takes a key out."""
    values = {key.removeprefix(f"{PROJECT}:"): decode(value) for key, value in stack_config(stack).items()}
    for path, value in (changes or {}).items():
        put(values, path, value)
    return Config(project=PROJECT, stack=stack, values=values)


def put(values: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path such as `objects.worker.memoryMb` or `list[0]`, or remove it for None."""
    *sections, last = path.split(".")
    for section in sections:
        values = values.setdefault(section, {})
    if last.endswith("[0]"):
        values[last.removesuffix("[0]")] = [value]
    elif value is None:
        del values[last]
    else:
        values[last] = value


def leaves(model: type[BaseModel] = Settings, above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield each setting with its dotted key."""
    for name, field in model.model_fields.items():
        key = f"{above}{field.alias or name}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from leaves(kind, f"{key}.")
        elif key != "pulumi:stack":
            yield key, field


def limits(field: FieldInfo) -> tuple[int, int] | None:
    """Return the range of a whole number."""
    found = {
        name: getattr(item, name) for item in field.metadata for name in ("ge", "le") if hasattr(item, name)
    }
    return (found["ge"], found["le"]) if len(found) == 2 else None


LEAVES = dict(leaves())
NUMBERS = {key: limits_ for key, field in LEAVES.items() if (limits_ := limits(field))}


def errors(broken: Config) -> str:
    """Return what the settings say about a broken configuration."""
    with pytest.raises(SettingsError) as raised:
        Settings.check(broken)
    return str(raised.value)


def is_right(whole: Config) -> bool:
    """Tell whether the settings take a configuration."""
    try:
        Settings.check(whole)
    except SettingsError:
        return False
    return True


def mended(broken: Config) -> Config:
    """Return the configuration after running every command that its errors propose."""
    values = json.loads(json.dumps(broken.values))
    lines = errors(broken).splitlines()
    for command in (line.removeprefix("    mend: ") for line in lines if line.startswith("    mend: ")):
        for part in command.split(" && "):
            arguments = shlex.split(part)
            assert arguments[:2] == ["pulumi", "config"]
            is_removal = arguments[2] == "rm"
            key = arguments[-1 if is_removal else -2].removeprefix(f"{PROJECT}:")
            put(values, key, None if is_removal else arguments[-1])
    return Config(project=PROJECT, stack=broken.stack, values=values)


@pytest.mark.finding("CC-OPS-5", "OP-5.4", "UA-7.1")
@pytest.mark.parametrize("stack", STACKS)
def test_the_settings_of_every_stack_are_complete_and_in_range(stack: str) -> None:
    settings = Settings.check(config(stack=stack))

    assert settings.stack == stack
    assert settings.account_id == settings.allowed_account_ids[0]


@pytest.mark.parametrize("stack", STACKS)
def test_stack_files_hold_settings_and_no_salt_or_secret(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()

    assert set(yaml.safe_load(text)) == {"config"}
    assert "secure:" not in text


def test_the_project_file_gives_no_setting_a_silent_default() -> None:
    assert "config" not in yaml.safe_load((ROOT / "Pulumi.yaml").read_text())


@pytest.mark.finding("OP-8.1")
@given(key=st.sampled_from(sorted(LEAVES)))
def test_each_missing_setting_is_named_with_its_constraint(key: str) -> None:
    text = errors(config({key: None}))

    assert f"{key} is missing" in text
    assert str(LEAVES[key].description) in text


@pytest.mark.finding("CC-OPS-5", "OP-5.4", "OP-8.1", "OP-5.6")
@given(key=st.sampled_from(sorted(NUMBERS)), beyond=st.integers(1, 10**9), low=st.booleans())
def test_each_number_out_of_range_is_named_with_value_and_range(key: str, beyond: int, low: bool) -> None:
    smallest, largest = NUMBERS[key]
    value = smallest - beyond if low else largest + beyond

    text = errors(config({key: value}))

    assert f"{key} = {value}" in text
    assert f"{smallest} to {largest}" in text


@given(key=st.sampled_from(sorted(LEAVES)), junk=st.sampled_from(["", "nonsense nonsense\n", "{", '["x"]']))
def test_no_setting_takes_junk(key: str, junk: str) -> None:
    assert f"{key}" in errors(config({key: decode(junk)}))


@given(keys=st.sets(st.sampled_from(sorted(LEAVES)), min_size=2, max_size=12), unknown=st.booleans())
def test_all_errors_come_at_once(keys: set[str], unknown: bool) -> None:
    changes = dict.fromkeys(keys, None) | ({"memory": "1"} if unknown else {})

    text = errors(config(changes))

    assert all(f"{key} is missing" in text for key in keys)
    assert text.startswith(f"{len(changes)} settings of stack 'dev'")


@given(
    changes=st.dictionaries(
        st.sampled_from(sorted(LEAVES)), st.sampled_from([None, "", "nonsense nonsense\n"]), min_size=1
    ),
    unknown=st.booleans(),
)
def test_the_proposed_commands_mend_what_is_wrong(changes: dict[str, str | None], unknown: bool) -> None:
    broken = config({**changes, **({"objects.worker.memory": 1} if unknown else {})})

    # A value that fits its own range may still not fit another setting, which is told once that one is right.
    for _ in range(3):
        broken = mended(broken)
        if is_right(broken):
            break

    assert is_right(broken)


@given(key=st.sampled_from(sorted(LEAVES)))
def test_the_example_of_each_setting_is_in_range(key: str) -> None:
    (example,) = LEAVES[key].examples or []

    text = ""
    try:
        Settings.check(config({key: example}))
    except SettingsError as error:
        text = str(error)

    assert "Input should be" not in text
    assert "should match" not in text


@pytest.mark.parametrize(
    ("changes", "key", "constraint", "mend"),
    [
        (
            {"prefx": "sg"},
            "prefx",
            "did you mean prefix?",
            "config rm --stack dev serverless-guardrails:prefx",
        ),
        ({"objects.worker.memoryMB": 1}, "objects.worker.memoryMB", "did you mean memoryMb?", "config rm"),
        (
            {"objects.quarantine.timeoutSeconds": 80},
            "objects.quarantine.timeoutSeconds",
            "81 to 900",
            "timeoutSeconds' 120",
        ),
        ({"logRetentionDays": "8"}, "logRetentionDays", "1, 3, 5, 7, 14", "logRetentionDays 30"),
        (
            {"objects.worker.maximumConcurrency": 6},
            "objects.worker.maximumConcurrency",
            "at most reservedConcurrency, which is 5",
            "maximumConcurrency' 5",
        ),
        (
            {"objects.worker.maximumConcurrency": 1},
            "objects.worker.maximumConcurrency",
            "2 to 1000",
            "maximumConcurrency' 5",
        ),
        (
            {"objects.worker.reservedConcurrency": 950},
            "accountConcurrency",
            "functions reserve 952 together and 100 stay unreserved: at least 1052",
            "accountConcurrency 1052",
        ),
        (
            {"accountId": "333333333333"},
            "aws:allowedAccountIds",
            "must hold accountId, which is 333333333333",
            "--type string --path 'aws:allowedAccountIds[0]' 333333333333",
        ),
        (
            {"aws:allowedAccountIds": ["111111111111", "222222222222"]},
            "aws:allowedAccountIds",
            "and nothing else",
            "config rm --stack dev aws:allowedAccountIds && pulumi config set",
        ),
        (
            {"objects.archiveDays": "89", "objects.infrequentAccessDays": 60},
            "objects.archiveDays",
            "90",
            "' 90",
        ),
        ({"objects.expireDays": 61, "objects.archiveDays": 61}, "objects.expireDays", "more than 61", "' 62"),
        ({"aws:region": "us-gov-west-1"}, "aws:region", "commercial partition", "aws:region eu-central-1"),
        ({"architecture": "arm"}, "architecture", "arm64, x86_64, or host", "architecture arm64"),
        ({"objects.allowedContentTypes": []}, "objects.allowedContentTypes", "at least one", "text/csv"),
        (
            {"objects.allowedContentTypes": ["csv"]},
            "objects.allowedContentTypes[0]",
            "media types such as text/csv",
            "--path 'serverless-guardrails:objects.allowedContentTypes[0]' text/csv",
        ),
    ],
)
def test_an_error_names_key_value_constraint_and_mending_command(
    changes: dict[str, Any], key: str, constraint: str, mend: str
) -> None:
    lines = errors(config(changes)).splitlines()

    (where,) = [
        i for i, line in enumerate(lines) if line.strip().startswith((f"{key} =", f"{PROJECT}:{key} ="))
    ]
    assert constraint in lines[where + 1]
    assert mend in lines[where + 2]


@pytest.mark.parametrize(
    ("stack", "sentence"),
    [
        ("s" * 16, "bucket names would have up to 64 characters, the limit is 63"),
        ("s" * 29, "role names would have up to 65 characters, the limit is 64"),
        ("s" * 29, "function names would have up to 65 characters, the limit is 64"),
        ("s" * 45, "queue names would have up to 81 characters, the limit is 80"),
        ("s" * 215, "key alias names would have up to 251 characters, the limit is 250"),
    ],
)
def test_a_stack_name_that_makes_names_too_long_fails_with_the_limit(stack: str, sentence: str) -> None:
    dev = config()

    text = errors(Config(project=PROJECT, stack=stack, values=dev.values))

    assert sentence in text
    assert "pulumi stack rename" in text


def test_the_longest_stack_name_that_fits_is_taken() -> None:
    dev = config()

    settings = Settings.check(Config(project=PROJECT, stack="s" * 15, values=dev.values))

    assert settings.stack == "s" * 15


@pytest.mark.parametrize("name", ["Dev", "dev_1", "-dev", "dev-"])
def test_a_stack_name_that_buckets_cannot_end_with_is_refused(name: str) -> None:
    dev = config()

    assert "since bucket names end with it" in errors(Config(project=PROJECT, stack=name, values=dev.values))


def test_a_secret_value_is_never_shown() -> None:
    dev = config({"owner": "\nhush"})
    secret = Config(project=PROJECT, stack="dev", values=dev.values, secrets=frozenset({"owner"}))

    text = errors(secret)

    assert "owner = [secret]" in text
    assert "hush" not in text


@pytest.mark.finding("OP-8.1")
def test_wrong_settings_stop_the_program_before_any_resource_is_made() -> None:
    made = Deployment()
    wrong = stack_config(stack="dev") | {f"{PROJECT}:logRetentionDays": "8", f"{PROJECT}:colour": "red"}

    with pytest.raises(SettingsError, match=r"(?s)2 settings.*logRetentionDays.*colour"):
        deploy_stack("dev", config=wrong, into=made)

    assert made.resources == []


def test_settings_come_from_the_environment_of_the_engines_own_language_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(stack_config("prod")))
    loaded: list[Settings] = []

    deploy(lambda: loaded.append(Settings.load()), stack="prod")

    assert loaded == [Settings.check(config(stack="prod"))]


def test_a_secret_of_the_engines_own_language_host_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(stack_config("dev") | {f"{PROJECT}:owner": "\nhush"}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps([f"{PROJECT}:owner"]))

    with pytest.raises(SettingsError) as raised:
        deploy(Settings.load)

    assert "owner = [secret]" in str(raised.value)
    assert "hush" not in str(raised.value)


@pytest.mark.finding("SP-22", "UA-4.2")
def test_dev_is_cheaper_than_prod_in_every_size() -> None:
    dev, prod = Settings.check(config(stack="dev")), Settings.check(config(stack="prod"))

    sizes = ("memory_mb", "timeout_seconds", "reserved_concurrency", "maximum_concurrency")
    for size in sizes:
        assert getattr(dev.objects.worker, size) < getattr(prod.objects.worker, size), size
        assert getattr(dev.objects.quarantine, size) < getattr(prod.objects.quarantine, size), size
    for kept in ("expire_days", "noncurrent_days", "quarantine_days", "access_log_days", "record_shards"):
        assert getattr(dev.objects, kept) < getattr(prod.objects, kept), kept
    assert dev.log_retention_days < prod.log_retention_days


@pytest.mark.finding("OP-3.1")
def test_prod_reserves_a_hundred_invocations_for_what_every_object_passes() -> None:
    assert Settings.check(config(stack="prod")).objects.worker.reserved_concurrency == 100


@pytest.mark.finding("CC-COST-2", "SP-9", "UA-2.1")
def test_a_stack_sets_memory_timeout_and_retention() -> None:
    chosen = stack_config(stack="dev")
    chosen[f"{PROJECT}:logRetentionDays"] = "14"
    objects = json.loads(chosen[f"{PROJECT}:objects"])
    objects["worker"] |= {"memoryMb": 320, "timeoutSeconds": 77}
    chosen[f"{PROJECT}:objects"] = json.dumps(objects)

    made = deploy_stack("dev", config=chosen)

    function = made.inputs("aws:lambda/function:Function", "objects-worker")
    group = made.inputs("aws:cloudwatch/logGroup:LogGroup", "objects-worker")
    assert (function["memorySize"], function["timeout"], group["retentionInDays"]) == (320, 77, 14)


def test_only_prod_protects_its_data() -> None:
    assert {stack: Settings.check(config(stack=stack)).protect_data for stack in STACKS} == {
        "dev": False,
        "prod": True,
        "local": False,
    }


@pytest.mark.parametrize(
    ("machine", "system", "processor", "platform"),
    [
        ("x86_64", "Linux", "x86_64", "x86_64-manylinux_2_28"),
        ("aarch64", "Linux", "arm64", "aarch64-manylinux_2_28"),
        ("arm64", "Darwin", "arm64", "aarch64-apple-darwin"),
    ],
)
def test_host_is_this_machine_for_functions_and_their_dependencies(
    machine: str, system: str, processor: str, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.system", lambda: system)

    settings = Settings.check(config(stack="local"))

    assert (settings.processor, settings.layer_platform) == (processor, platform)


def test_dependencies_for_aws_are_built_for_lambda_wherever_that_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")

    assert Settings.check(config(stack="dev")).layer_platform == "aarch64-manylinux_2_28"


def test_an_unknown_machine_is_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    assert "this machine is 'riscv64'" in errors(config(stack="local"))


def test_log_retention_takes_only_what_cloudwatch_takes() -> None:
    shape = botocore.session.get_session().get_service_model("logs").shape_for("PutRetentionPolicyRequest")
    assert isinstance(shape, StructureShape)

    documentation = shape.members["retentionInDays"].documentation
    assert all(f"{days}" in documentation for days in LOG_RETENTION_DAYS)
