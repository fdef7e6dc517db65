"""How the pack reads a function's own code out of whatever archive the function is given."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.framework import archive_entries, archives
from guardrails.framework.code import python_code
from guardrails.framework.examples import UNKNOWN, python_function, stack
from guardrails.framework.examples import python_code as text_archive
from guardrails.framework.judge import judge
from tests.pack.archives import (
    ARCHIVE,
    ASSET,
    CODE_RULES,
    REACHED,
    SHOP,
    SIGNATURE,
    function,
    in_folder,
    in_nested,
    in_tar,
    in_tar_gz,
    in_texts,
    in_zip,
    opened,
    paths,
    read,
    refusal,
    verdicts,
)
from tests.pack.engine_side import Engine
from tests.pack.samples import graph_of

FORMS = [in_folder, in_zip, in_tar, in_tar_gz, in_texts, in_nested]


@pytest.mark.parametrize("form", FORMS)
def test_the_modules_of_a_handler_are_found_in_every_form_of_archive(
    form: Callable[[Mapping[str, bytes], Path], pulumi.Archive], program_folder: Path
) -> None:
    assert paths(form(SHOP, program_folder)) == REACHED


def test_a_handler_may_be_named_by_its_path() -> None:
    archive = text_archive({"src/app.py": "import src.other\n", "src/other.py": ""})

    assert paths(opened(archive), "src/app.handler") == ["src/app.py", "src/other.py"]


# --- what is not the function's own -------------------------------------------------------------------------

HANDLER = {"app.py": b"import yaml\nimport tool\nimport lib_shop\n"}


def test_installed_packages_are_not_the_functions_own(program_folder: Path) -> None:
    files = HANDLER | {
        "yaml/__init__.py": b"eval('1')",
        "_yaml/__init__.py": b"",
        "PyYAML-6.0.dist-info/RECORD": b'yaml/__init__.py,sha256=1,2\n"_yaml/__init__.py",,\n',
        "tool.py": b"",
        "tool-1.0.dist-info/METADATA": b"",
        "lib_shop.py": b"",
    }

    assert paths(in_zip(files, program_folder), "app.handler") == ["app.py", "lib_shop.py"]


@pytest.mark.parametrize("stripped", ["boto3/__init__.py", "requests/__init__.py", "six.py"])
def test_well_known_packages_are_not_own_even_where_their_metadata_was_left_out(stripped: str) -> None:
    package = stripped.split("/")[0].removesuffix(".py")
    archive = text_archive({"app.py": f"import {package}", stripped: "eval('1')"})

    assert paths(opened(archive), "app.handler") == ["app.py"]


def test_a_package_that_was_installed_from_a_folder_is_own() -> None:
    listed = "lib_shop.py,,\nlib_shop-1.0.dist-info/direct_url.json,,\n"
    files = {
        "app.py": "import lib_shop",
        "lib_shop.py": "",
        "lib_shop-1.0.dist-info/RECORD": listed,
        "lib_shop-1.0.dist-info/direct_url.json": "{}",
    }

    assert paths(opened(text_archive(files)), "app.handler") == ["app.py", "lib_shop.py"]


def test_the_distribution_that_holds_the_handler_is_own() -> None:
    files = {
        "app/main.py": "import app.more",
        "app/more.py": "",
        "app-1.dist-info/RECORD": "app/main.py,,\napp/more.py,,",
    }

    assert paths(opened(text_archive(files)), "app.main.handler") == ["app/main.py", "app/more.py"]


# --- what cannot be read ------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", ["nodejs22.x", "java21", "provided.al2023", None])
def test_of_code_in_another_language_nothing_is_said(runtime: str | None) -> None:
    assert python_code(function(UNKNOWN, runtime=runtime or "")) is None


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (UNKNOWN, "is not known yet"),
        ("text", "should be an archive"),
        (["list"], "should be an archive"),
        (pulumi.StringAsset("x"), "should be an archive"),
        (pulumi.RemoteArchive("https://example.com/a.zip"), "only its address is known"),
        (pulumi.FileArchive("missing.zip"), "is not on this machine"),
        (pulumi.FileArchive("\0"), "is not on this machine"),
        (pulumi.FileArchive("Pulumi.yaml"), "neither a folder nor a zip or tar file"),
        (pulumi.AssetArchive({}), "shop.worker is not a Python file"),
        (
            pulumi.AssetArchive({"shop/worker.py": pulumi.RemoteAsset("https://example.com")}),
            "only its address",
        ),
        (pulumi.AssetArchive({"shop/worker.py": pulumi.FileAsset("missing.py")}), "no file on this machine"),
        (pulumi.AssetArchive({"shop/worker.py": pulumi.StringAsset(UNKNOWN)}), "is not known yet"),
        (pulumi.AssetArchive({"../shop/worker.py": pulumi.StringAsset("")}), "is not a Python file"),
        (pulumi.AssetArchive({"/shop/worker.py": pulumi.StringAsset("")}), "is not a Python file"),
    ],
)
def test_code_that_is_not_there_is_undetermined_with_the_reason(code: Any, why: str) -> None:
    assert why in refusal(code)


@pytest.mark.parametrize("handler", ["handler", "", ".", "handler.", "a" * 3000 + ".b"])
def test_a_handler_that_names_no_module_is_undetermined(handler: str) -> None:
    assert "handler" in refusal(opened(text_archive({"app.py": ""})), handler)


def test_a_syntax_error_is_named_by_file_and_line() -> None:
    broken = text_archive({"shop/worker.py": "import shop.b", "shop/b.py": "\n\ndef ("})

    assert "shop/b.py:3 in its archive is not Python" in refusal(opened(broken))


def test_modules_may_import_each_other(program_folder: Path) -> None:
    files = {"a.py": "from b import x\ny = x\n", "b.py": "from a import y\nx = y\nx.scan()\n"}
    code = read(opened(text_archive(files)), "a.handler")

    assert [call.place for call in code.calls] == ["b.py:3"]


@pytest.mark.parametrize(
    ("inputs", "report"),
    [
        ({"code": pulumi.FileArchive("missing.zip")}, "is not on this machine"),
        ({"code": pulumi.AssetArchive({"app.py": pulumi.StringAsset("def (")})}, "app.py:1 in its archive"),
        ({"code": None, "s3Bucket": "artefacts", "s3Key": "worker.zip"}, "has its code in a bucket"),
        ({"code": None, "runtime": None, "packageType": "Image"}, "has its code in a container image"),
    ],
)
def test_code_that_no_rule_can_read_is_reported_once_and_not_by_each_rule(
    inputs: dict[str, Any], report: str
) -> None:
    example = stack(python_function("worker", "")).but("worker", **inputs)
    found = [verdict for rule in CODE_RULES for verdict in judge(rule, graph_of(example))]

    assert [(each.rule.id, report in each.problem) for each in found] == [("code-readable", True)]


# --- as the engine sends it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        {SIGNATURE: ARCHIVE, "hash": "ab"},
        {SIGNATURE: ARCHIVE, "assets": {"app.py": {SIGNATURE: ASSET, "hash": "ab"}}},
        {SIGNATURE: ARCHIVE, "assets": {"app.py": UNKNOWN}},
        {SIGNATURE: ARCHIVE, "assets": {"app.py": {"plain": "object"}}},
        {SIGNATURE: ARCHIVE, "assets": "none"},
        {SIGNATURE: ASSET},
        {SIGNATURE: ARCHIVE, "path": 1},
        {SIGNATURE: ["nonsense"]},
        {SIGNATURE: "nonsense"},
        {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"},
    ],
    ids=json.dumps,
)
def test_an_asset_without_content_is_undetermined_and_stops_no_other_rule(code: Any) -> None:
    engine = Engine([rule for rule in CODE_RULES if rule.id == "code-readable"])
    engine.configure()

    found = engine.preview(stack(python_function("worker", "", code=code)))

    assert [each.undetermined for each in found] == [True]


WIRE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([UNKNOWN, "text", ASSET, ARCHIVE]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([SIGNATURE, "assets", "path", "text", "uri", "hash", "value", "app.py"]), inner
        )
    ),
    max_leaves=15,
)


@given(WIRE)
def test_whatever_the_engine_sends_is_read_and_what_is_no_asset_arrives_as_it_was(wire: Any) -> None:
    read = opened(wire)

    assert SIGNATURE in json.dumps(wire) or read == wire


def test_an_empty_file_keeps_its_place_although_the_engine_sends_its_hash_alone() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    wire = text_archive({"shop/worker.py": "import shop"})
    wire["assets"]["shop/__init__.py"] = {SIGNATURE: ASSET, "hash": empty}

    assert paths(opened(wire)) == ["shop/__init__.py", "shop/worker.py"]


def test_code_is_read_once_for_all_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    archive, asked, real = in_texts(SHOP, Path()), [], archives._own_files

    def counting(listing: Mapping[str, archive_entries.Reader], own: str) -> archives.Files:
        asked.append(own)
        return real(listing, own)

    monkeypatch.setattr(archives, "_own_files", counting)
    for rule in CODE_RULES:
        verdicts(rule, archive)

    assert asked == ["shop"]
