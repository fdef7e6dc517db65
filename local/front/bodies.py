"""Reads the bodies of requests, of known length or in chunks."""

from typing import Any

LARGEST_BODY = 10 * 1024 * 1024
"""The payload limit of a REST API ("Quotas for configuring and running a REST API in API Gateway")."""
_MOST_READ = 16 * LARGEST_BODY
"""What is over the limit is read and dropped, so that the client hears why, up to here."""
_PIECE = 65_536


def read_body(headers: Any, stream: Any) -> tuple[bytes, bool]:
    """Return a body, and whether it was over the limit; such a body is empty.

    Raises
    ------
    ValueError
        Its framing is wrong.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _chunks(stream)
    lengths = set(headers.get_all("content-length", ["0"]))
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()):
        raise ValueError("invalid Content-Length")
    if int(length) > LARGEST_BODY:
        _drop(stream, int(length))
        return b"", True
    body = stream.read(int(length))
    if len(body) < int(length):
        raise ValueError("the body is shorter than its Content-Length")
    return bytes(body), False


def _drop(stream: Any, length: int) -> None:
    left = min(length, _MOST_READ)
    while left > 0 and (piece := stream.read(min(left, _PIECE))):
        left -= len(piece)


def _chunks(stream: Any) -> tuple[bytes, bool]:
    body, total = bytearray(), 0
    while size := _size(stream.readline(1024)):
        total += size
        if total > _MOST_READ:
            raise ValueError("the body has no end")
        chunk = stream.read(size)
        if len(chunk) < size or stream.readline(1024).strip():
            raise ValueError("a chunk is shorter or longer than its size")
        if total <= LARGEST_BODY:
            body += chunk
    while stream.readline(_PIECE).strip():  # trailers
        pass
    return (b"", True) if total > LARGEST_BODY else (bytes(body), False)


def _size(line: bytes) -> int:
    text = line.partition(b";")[0].strip()
    if not text or not all(sign in b"0123456789abcdefABCDEF" for sign in text) or len(text) > 8:
        raise ValueError("a chunk has no size")
    return int(text, 16)
