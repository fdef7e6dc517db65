"""The SDK that the pack stands on, and the pack as a process."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi_policy
import pytest
from pulumi_policy import policy as sdk_policy

from guardrails.framework.errors import SdkChangedError
from guardrails.framework.sdk_guard import checked_servicer

PACK = Path(__file__).parents[2] / "policies"


class OtherPack:
    """A pack that serves by something else."""

    def __init__(self) -> None:
        self.served_by = object()


def changed(**changes: Any) -> Any:
    servicer = type("_PolicyAnalyzerServicer", (sdk_policy._PolicyAnalyzerServicer,), changes)
    return SimpleNamespace(_PolicyAnalyzerServicer=servicer, PolicyPack=sdk_policy.PolicyPack)


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        (SimpleNamespace(), "has no _PolicyAnalyzerServicer"),
        (changed(Configure=None), "has no _PolicyAnalyzerServicer.Configure"),
        (changed(AnalyzeStack=lambda self, resources: None), r"AnalyzeStack\(self, resources\)"),
        (
            SimpleNamespace(_PolicyAnalyzerServicer=sdk_policy._PolicyAnalyzerServicer, PolicyPack=OtherPack),
            "no longer serves PolicyPack",
        ),
    ],
)
def test_a_changed_sdk_stops_the_pack(module: Any, complaint: str) -> None:
    with pytest.raises(SdkChangedError, match=complaint) as stopped:
        checked_servicer(module)

    assert "install pulumi-policy==1.21.0" in str(stopped.value)


SDK = Path(pulumi_policy.__file__).parent


@pytest.mark.parametrize(
    ("file", "written", "instead", "complaint"),
    [
        ("version.py", '"1.21.0"', '"1.22.0"', "has version 1.22.0"),
        ("deserialize.py", "SPECIAL_ASSET_SIG", "ASSET_SIG", "cannot import name 'SPECIAL_ASSET_SIG'"),
        ("proxy.py", "class UnknownValueError", "class UnknownError", "cannot be used"),
        ("__init__.py", "    StackValidationPolicy,\n", "", "cannot import name 'StackValidationPolicy'"),
        ("deserialize.py", "if sig == SPECIAL_SECRET_SIG:", "if False:", "cannot read a secret"),
        (
            "deserialize.py",
            'value = _deserialize_property(prop["value"], proxy_secrets)',
            "value = prop",
            "as something",
        ),
        (
            "deserialize.py",
            "return pulumi.StringAsset",
            "return str",
            "cannot read a secret, an unknown, an asset",
        ),
        ("deserialize.py", "return pulumi.AssetArchive(assets)", "return assets", "an asset and an archive"),
        ("proxy.py", "UNKNOWN_STRING_VALUE = ", "UNKNOWN_STRING_VALUE = 'x' + ", "lets a value be read"),
        ("policy.py", "class _PolicyAnalyzerServicer", "class _AnalyzerServicer", "_PolicyAnalyzerServicer"),
    ],
)
def test_the_pack_does_not_start_on_another_sdk(
    tmp_path: Path, file: str, written: str, instead: str, complaint: str
) -> None:
    shutil.copytree(SDK, tmp_path / "pulumi_policy")
    text = (changed := tmp_path / "pulumi_policy" / file).read_text()
    assert written in text
    changed.write_text(text.replace(written, instead))

    done = subprocess.run(
        [sys.executable, "-c", "import guardrails.framework.pack"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("guardrails.framework.errors.SdkChangedError: pulumi-policy ")
    assert complaint in last
    assert "install pulumi-policy==1.21.0, or adapt guardrails/framework/sdk.py" in last


def test_the_command_says_in_one_line_that_another_sdk_is_installed(tmp_path: Path) -> None:
    shutil.copytree(SDK, tmp_path / "pulumi_policy")
    (version := tmp_path / "pulumi_policy" / "version.py").write_text(
        version.read_text().replace('"1.21.0"', '"1.22.0"')
    )

    done = subprocess.run(
        [Path(sys.executable).parent / "guardrails", "list"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: pulumi-policy has version 1.22.0; this pack is written against 1.21.0: "
        "install pulumi-policy==1.21.0, or adapt guardrails/framework/sdk.py\n"
    )


def test_one_module_imports_the_sdk() -> None:
    importers = {
        path.relative_to(PACK).as_posix()
        for path in PACK.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pulumi_policy"))
        or (
            isinstance(node, ast.Import) and any(each.name.startswith("pulumi_policy") for each in node.names)
        )
    }

    assert importers == {"guardrails/framework/sdk.py"}


def test_the_started_pack_prints_its_port_and_nothing_else(program_folder: Path) -> None:
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)]
    process = subprocess.Popen(command, cwd=program_folder, stdout=subprocess.PIPE)
    assert process.stdout
    first = process.stdout.readline()
    process.terminate()
    rest = process.stdout.read()
    process.stdout.close()
    process.wait()

    assert first.strip().isdigit()
    assert rest == b""
