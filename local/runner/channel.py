"""Messages from a function's process, put together from what its sockets and pipes bring."""

import json
import os
import socket
from dataclasses import dataclass
from typing import Any

_CHUNK = 1 << 16


class ClosedError(Exception):
    """The other end is gone: the process has ended."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A line of JSON and the bytes behind it."""

    head: dict[str, Any]
    body: bytes


class Channel:
    """A socket on which lines of JSON arrive, followed by as many bytes as the line's `length` says."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = bytearray()
        self._head: dict[str, Any] | None = None

    def receive(self) -> None:
        """Take what has arrived.

        Raises
        ------
        ClosedError
            Nothing will arrive any more.
        """
        try:
            chunk = self.socket.recv(_CHUNK)
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise ClosedError
        self._buffer += chunk

    def next(self) -> Message | None:
        """Return the next whole message, None if it has not fully arrived."""
        if self._head is None:
            end = self._buffer.find(b"\n")
            if end < 0:
                return None
            self._head = json.loads(self._buffer[:end])
            del self._buffer[: end + 1]
        length = self._head.get("length", 0)
        if len(self._buffer) < length:
            return None
        message = Message(head=self._head, body=bytes(self._buffer[:length]))
        del self._buffer[:length]
        self._head = None
        return message

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Send a message.

        Raises
        ------
        ClosedError
            The process has ended.
        """
        try:
            self.socket.sendall(json.dumps(head).encode() + b"\n" + body)
        except OSError:
            raise ClosedError from None


class Lines:
    """The lines that arrive on a non-blocking pipe; *ended* once nobody can write to it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False
        self._rest = b""
        os.set_blocking(descriptor, False)

    def read(self, *, everything: bool = False) -> list[str]:
        """Return the lines that have arrived; with *everything* also one that has no end yet."""
        data = self._rest
        while chunk := self._chunk():
            data += chunk
        *lines, self._rest = data.split(b"\n")
        if everything and self._rest:
            lines.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace") for line in lines]

    def _chunk(self) -> bytes:
        try:
            chunk = os.read(self.descriptor, _CHUNK)
        except BlockingIOError:
            return b""
        self.ended = not chunk
        return chunk
