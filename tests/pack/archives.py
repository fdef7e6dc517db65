"""Archives with a function's code in each form that Pulumi knows, and what the pack makes of them."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2

from guardrails.framework.code import Code, python_code, read_python
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.node import Node, label
from guardrails.framework.props import Props
from guardrails.framework.rule import Rule
from guardrails.framework.sdk import plain_properties, wire_properties
from guardrails.rules import all_rules

CODE_RULES = [rule for rule in all_rules() if rule.id.startswith("code-")]
SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET, ARCHIVE = "c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"
SHOP = {
    "shop/__init__.py": b"",
    "shop/worker.py": b"from shop import store\nfrom .naming import name\n\ndef handler(event, _): ...\n",
    "shop/store/__init__.py": b"from .. import clock\nfrom . import table\n",
    "shop/store/table.py": b"def late():\n    import shop.lazy\n",
    "shop/naming.py": b"",
    "shop/clock.py": b"",
    "shop/lazy.py": b"import importlib\nimportlib.import_module('shop.plugin')\n",
    "shop/plugin.py": b"",
    "shop/script.py": b"print('never imported')\n",
}
REACHED = sorted({*SHOP} - {"shop/script.py"})


def function(code: Any, handler: str = "shop.worker.handler", runtime: str = "python3.13") -> Node:
    token, inputs = "aws:lambda/function:Function", {"runtime": runtime, "handler": handler, "code": code}
    owner = label("worker", token)
    return Node(
        urn=f"urn:pulumi:dev::shop::{token}::worker",
        type=token,
        name="worker",
        inputs=Props.of({key: value for key, value in inputs.items() if value is not None}, owner),
        outputs=Props.of({}, owner),
        provider=Props.of({}, owner),
    )


def read(code: Any, handler: str = "shop.worker.handler") -> Code:
    found = python_code(function(code, handler))
    assert found is not None
    return found


def paths(code: Any, handler: str = "shop.worker.handler") -> list[str]:
    return sorted(module.path for module in read(code, handler).modules.values())


def refusal(code: Any, handler: str = "shop.worker.handler") -> str:
    with pytest.raises(UndeterminedError) as refused:
        read_python(function(code, handler))
    return str(refused.value)


def in_folder(files: Mapping[str, bytes], at: Path) -> pulumi.Archive:
    for name, content in files.items():
        (at / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (at / "code" / name).write_bytes(content)
    return pulumi.FileArchive("code")


def in_zip(files: Mapping[str, bytes], at: Path) -> pulumi.Archive:
    with zipfile.ZipFile(at / "code.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return pulumi.FileArchive("code.zip")


def tar_bytes(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def in_tar(files: Mapping[str, bytes], at: Path) -> pulumi.Archive:
    (at / "code.tar").write_bytes(tar_bytes(files))
    return pulumi.FileArchive("code.tar")


def in_tar_gz(files: Mapping[str, bytes], at: Path) -> pulumi.Archive:
    (at / "code.tar.gz").write_bytes(gzip.compress(tar_bytes(files)))
    return pulumi.FileArchive(str(at / "code.tar.gz"))


def in_texts(files: Mapping[str, bytes], at: Path) -> pulumi.Archive:
    return pulumi.AssetArchive({name: pulumi.StringAsset(text.decode()) for name, text in files.items()})


def in_nested(files: Mapping[str, bytes], at: Path) -> pulumi.Archive:
    folder = in_folder({name.removeprefix("shop/"): text for name, text in files.items()}, at)
    (at / "code" / "worker.py").rename(at / "worker.py")
    worker = pulumi.FileAsset("worker.py")
    return pulumi.AssetArchive({".": pulumi.AssetArchive({"shop": folder}), "shop/worker.py": worker})


def opened(wire: Any) -> Any:
    """Return a value as the pack gets it from the engine."""
    message = struct_pb2.Struct()
    message.update({"code": wire})
    return plain_properties(wire_properties(message))["code"]


def verdicts(rule: Rule, archive: pulumi.Archive) -> list[str]:
    return [each.problem for each in judge(rule, Graph([function(archive)]))]
