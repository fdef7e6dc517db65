"""A request as it came over the wire, and what API Gateway makes of its parts."""

import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

HOP_BY_HOP = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers that end at the gateway."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to a stage; *path* is percent-encoded, and without API and stage."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"
    too_large: bool = False
    """Whether the body was over the limit, and is not here."""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_id: str = field(default_factory=lambda: secrets.token_urlsafe(11)[:15] + "=")
    received: float = field(default_factory=time.time)

    def header(self, name: str) -> str:
        """Return the last value of a header in any case, empty where it is absent."""
        wanted = name.lower()
        return next((value for key, value in reversed(self.headers) if key.lower() == wanted), "")

    @property
    def content_type(self) -> str:
        """The media type without parameters; AWS takes JSON where none is said."""
        return self.header("content-type").partition(";")[0].strip().lower() or "application/json"

    @property
    def passed_headers(self) -> dict[str, list[str]]:
        """The headers that a function sees, with all their values; of names alike but for case the first."""
        found: dict[str, list[str]] = {}
        spelled: dict[str, str] = {}
        for name, value in self.headers:
            if name.lower() not in HOP_BY_HOP:
                found.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
        return found

    @property
    def query_values(self) -> dict[str, list[str]]:
        """The decoded query parameters with all their values; one without `=` is empty."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True, errors="replace"):
            found.setdefault(name, []).append(value)
        return found

    def is_binary(self, kinds: Sequence[str]) -> bool:
        """Tell whether the body is of a media type that the API treats as binary."""
        return any(matches_media(kind, self.content_type) for kind in kinds)


def matches_media(kind: str, media: str) -> bool:
    """Tell whether *media* is of a kind such as `image/png`, `image/*` or `*/*`."""
    wanted, _, inner = kind.lower().partition("/")
    main, _, sub = media.lower().partition("/")
    return wanted in ("*", main) and inner in ("*", sub)


def last_values(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return of each name the last value."""
    return {name: listed[-1] for name, listed in values.items()}
