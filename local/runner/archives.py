"""Deployed archives, unpacked once; what the program's sources become afterwards changes nothing."""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path


class Archives:
    """Unpacks zip files below *folder*, each content once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: dict[tuple[str, int, int], str] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def unpacked(self, archive: Path) -> Path:
        """Return the folder that holds the content of *archive*."""
        target = self._folder / self._digest(archive)[:32]
        if not target.exists():
            scratch = Path(tempfile.mkdtemp(dir=self._folder))
            with zipfile.ZipFile(archive) as content:
                content.extractall(scratch)
            try:
                scratch.rename(target)
            except OSError:  # another thread was faster
                shutil.rmtree(scratch)
        return target

    def _digest(self, archive: Path) -> str:
        """Return the SHA-256 of *archive*, which is read only if it changed since it was last asked for."""
        state = archive.stat()
        known = (str(archive), state.st_mtime_ns, state.st_size)
        if known not in self._digests:
            with archive.open("rb") as file:
                self._digests[known] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._digests[known]
