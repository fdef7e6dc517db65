"""Archives and code made to break the pack: whatever they hold, the reader ends in a reason or in modules."""

import gzip
import io
import os
import struct
import tarfile
from pathlib import Path

import pulumi
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guardrails.framework import archive_entries, archives
from guardrails.framework.code import read_python
from guardrails.framework.errors import UndeterminedError
from tests.pack.archives import (
    CODE_RULES,
    SHOP,
    function,
    in_folder,
    in_tar,
    in_tar_gz,
    in_texts,
    in_zip,
    paths,
    refusal,
    verdicts,
)


@pytest.mark.parametrize(
    "source",
    [
        b"def handler(:\n",
        b"\xff\xfe\x00",
        b"# coding: nonsense\n",
        b"x = '\xff'\n",
        b"\0",
        b"(" * 5_000,
        b"x = " + b"-" * 200_000 + b"1\n",
        b"x = " + b"a." * 100_000 + b"a\n",
        b"x = a" + b"()" * 100_000 + b"\n",
        b"x = " + b"1+" * 100_000 + b"1\n",
        b"if x: pass\n" + b"elif x: pass\n" * 50_000,
    ],
    ids=range(11),
)
def test_no_source_makes_a_rule_raise(source: bytes, program_folder: Path) -> None:
    archive = in_zip({"shop/worker.py": source}, program_folder)

    for rule in CODE_RULES:
        assert not [each for each in verdicts(rule, archive) if "defect" in each]


# --- hostile archives ---------------------------------------------------------------------------------------


def test_a_large_file_of_its_own_is_undetermined_only_where_it_is_imported(program_folder: Path) -> None:
    files = {"shop/worker.py": b"import shop.data", "shop/data.py": b"#" * (archives.MAX_FILE_BYTES + 1)}

    assert "has more than 512 KiB" in refusal(in_zip(files, program_folder))
    assert paths(in_zip(files | {"shop/worker.py": b""}, program_folder)) == ["shop/worker.py"]


def test_a_zip_bomb_is_not_unpacked(program_folder: Path) -> None:
    bomb = {f"shop/m{number}.py": b" " * archives.MAX_FILE_BYTES for number in range(9)}

    assert "holds more than 4 MiB of Python" in refusal(in_zip(SHOP | bomb, program_folder))


def test_a_tar_bomb_is_not_unpacked(program_folder: Path) -> None:
    with gzip.open(program_folder / "code.tar.gz", "wb") as file:
        for _ in range(60):
            file.write(bytes(archive_entries.MIB))

    assert "unpacks to more than 50 MiB" in refusal(pulumi.FileArchive("code.tar.gz"))


def test_too_many_files_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    assert "more than 3 Python files" in refusal(in_texts(SHOP, Path()))
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    assert "more than 3 entries" in refusal(in_texts(SHOP, Path()))


def test_a_table_of_contents_that_would_fill_the_memory_is_not_read(program_folder: Path) -> None:
    archive = in_zip(SHOP, program_folder)
    content = bytearray((program_folder / "code.zip").read_bytes())
    at = content.rindex(b"PK\5\6")
    content[at + 12 : at + 16] = struct.pack("<I", 2**31)
    (program_folder / "code.zip").write_bytes(content)

    assert "too many entries" in refusal(archive)


def test_a_large_archive_is_not_opened(program_folder: Path) -> None:
    with (program_folder / "code.zip").open("wb") as file:
        file.truncate(archive_entries.MAX_ARCHIVE_BYTES + 1)

    assert "has more than 50 MiB" in refusal(pulumi.FileArchive("code.zip"))


def test_archives_are_followed_only_so_deep() -> None:
    archive = in_texts(SHOP, Path())
    for _ in range(archives.MAX_DEPTH):
        archive = pulumi.AssetArchive({".": archive})

    assert "nested too deeply" in refusal(archive)


def test_pipes_and_devices_are_not_read(program_folder: Path) -> None:
    in_folder(SHOP, program_folder)
    (program_folder / "code/shop/naming.py").unlink()
    os.mkfifo(program_folder / "code/shop/naming.py")
    os.mkfifo(program_folder / "pipe.zip")
    (program_folder / "code/shop/endless.py").symlink_to("/dev/zero")
    (program_folder / "code/shop/circle").symlink_to(program_folder / "code")
    (program_folder / "code/shop/nowhere.py").symlink_to("nowhere.py")

    assert "shop/naming.py in its archive cannot be read" in refusal(pulumi.FileArchive("code"))
    assert "is not on this machine" in refusal(pulumi.FileArchive("pipe.zip"))


def test_links_in_a_tar_file_are_not_followed(program_folder: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("shop/worker.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (program_folder / "code.tar").write_bytes(buffer.getvalue())

    assert "it is a link" in refusal(pulumi.FileArchive("code.tar"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["code.zip", "code.tar", "code.tar.gz"]),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), max_size=8),
    st.integers(0, 6_000),
)
def test_no_damage_to_an_archive_makes_the_reader_raise(
    program_folder: Path, name: str, changes: list[tuple[int, int]], end: int
) -> None:
    form = {"code.zip": in_zip, "code.tar": in_tar, "code.tar.gz": in_tar_gz}[name]
    archive = form(SHOP, program_folder)
    content = bytearray((program_folder / name).read_bytes())
    for at, value in changes:
        content[at % len(content)] = value
    (program_folder / name).write_bytes(content[: end or None])

    try:
        found = read_python(function(archive))
    except UndeterminedError:
        return
    assert found is not None


STATEMENTS = st.sampled_from(
    [
        "import boto3",
        "from app import x",
        "from . import app as f",
        "from .... import *",
        "x = f(x)",
        "x = x",
        "self.x = x.y",
        "def f(x=f(1), *y, **z): return f(*y, **z)",
        "def handler(event, context): return f(event)",
        "def handler(): return x['y']",
        "lambda: (yield)",
        "boto3.client(*x, **{})",
        "boto3.client('s3', config=f(x))",
        "boto3.client(config=Config(retries={**x, 1: 2}))",
        "print(*x)",
        "x[0].scan(*x)",
        "''.scan()",
        "yaml.load(*x)",
        "raise x from None",
        "class C(f(x), x.Formatter): x: int",
        "with f(x) as x: pass",
        "password = x = 'a1b2c3d4e5'",
        "{**x, 'secret': 1, 2: f'{x}'}",
        "try: pass\nexcept (x, f(x)): pass\nexcept: pass",
        "@x\nasync def handler(event): event.get()",
        "x.put_item(Item=x)",
        "getattr(x, 'y')(1)",
        "(lambda x: x)(1)",
        "import_module(x)",
        "__import__('app')",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STATEMENTS, max_size=12), st.lists(STATEMENTS, max_size=6))
@example(["from app import x", "x = x"], [])
def test_no_code_makes_a_rule_raise(program_folder: Path, first: list[str], second: list[str]) -> None:
    files = {"shop/worker.py": ("\n".join(first)).encode(), "app.py": ("\n".join(second)).encode()}

    for rule in CODE_RULES:
        assert not [each for each in verdicts(rule, in_texts(files, program_folder)) if "defect" in each]
