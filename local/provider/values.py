"""Property values as they travel between engine and provider."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is not known before the update (Pulumi's own sentinel)."""

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the signature of a secret, and none itself
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ZIP_DATE = (1990, 1, 1, 0, 0, 0)

type Properties = dict[str, Any]


def decode(message: struct_pb2.Struct) -> Properties:
    """Return plain Python values: secrets unwrapped, whole numbers as int, which protobuf has as floats."""
    return {key: plain(value) for key, value in json_format.MessageToDict(message).items()}


def plain(value: Any) -> Any:
    """Return a value as emulations work on it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        if value.get(SIGNATURE_KEY) == SECRET:
            return plain(value.get("value"))
        return {key: plain(item) for key, item in value.items()}
    return value


def encode(properties: Properties) -> struct_pb2.Struct:
    """Return *properties* as the message the engine expects; absent values are left out."""
    message = struct_pb2.Struct()
    message.update({key: value for key, value in properties.items() if value is not None})
    return message


def has_unknown(value: Any) -> bool:
    """Tell whether *value* is or holds something that is not known yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def is_archive(value: Any) -> bool:
    """Tell whether *value* is an archive or an asset."""
    return isinstance(value, dict) and value.get(SIGNATURE_KEY) in (ARCHIVE, ASSET)


def comparable(value: Any) -> Any:
    """Return what decides whether a value changed: an archive's content, not the place it was read from."""
    if is_archive(value):
        return value.get("hash")
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value


def stored(properties: Properties, folder: Path) -> Properties:
    """Return *properties* with the path of the copy in *folder* for every archive."""
    return {
        key: str(store_archive(value, folder)) if is_archive(value) else value
        for key, value in properties.items()
    }


def _content(value: Properties) -> bytes:
    return value["text"].encode() if "text" in value else Path(value["path"]).read_bytes()


def _entries(value: Properties) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file of an archive that is not a zip yet."""
    for name, part in value.get("assets", {}).items():
        if part.get(SIGNATURE_KEY) == ASSET:
            yield name, _content(part)
        else:
            yield from ((f"{name}/{inner}", content) for inner, content in _entries(part))
    if (folder := Path(value.get("path", ""))).is_dir() and "path" in value:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                yield file.relative_to(folder).as_posix(), file.read_bytes()


def store_archive(value: Properties, folder: Path) -> Path:
    """Copy an archive into *folder* under its content's hash: editing its source changes nothing deployed."""
    folder.mkdir(parents=True, exist_ok=True)
    name = value.get("hash") or hashlib.sha256(repr(sorted(value.items())).encode()).hexdigest()
    target = folder / f"{name}.zip"
    if target.exists():
        return target
    scratch = target.with_suffix(".part")
    path = Path(value.get("path", ""))
    if path.is_file():
        scratch.write_bytes(path.read_bytes())
    else:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in _entries(value):
                archive.writestr(zipfile.ZipInfo(entry, ZIP_DATE), content)
    scratch.rename(target)
    return target
