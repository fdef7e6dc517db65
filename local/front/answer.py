"""What goes back to the client: a function's answer, a mock's, or a gateway response."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.front.errors import KINDS, GatewayError
from local.front.request import Request, matches_media
from local.front.settings import Stage
from local.front.variables import filled, look_up, spelled

REMAPPED = frozenset(
    (
        "authorization",
        "connection",
        "content-length",
        "date",
        "host",
        "server",
        "user-agent",
        "www-authenticate",
    )
)
"""Headers of a function that reach the client under another name, `x-amzn-Remapped-…` ("important notes")."""
_HEADER = "gatewayresponse.header."
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header may be called (RFC 9110)."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


def of_function(payload: bytes, request: Request, binary: Sequence[str]) -> Answer:
    """Return the answer that a function's output describes.

    Raises
    ------
    GatewayError
        The output has another form, which is a 502.
    """
    malformed = GatewayError("INTEGRATION_FAILURE", status=502, noted="malformed Lambda proxy response")
    try:
        found = json.loads(payload)
    except ValueError:
        raise malformed from None
    if not isinstance(found, dict):
        raise malformed
    status, body = _status(found.get("statusCode")), found.get("body")
    headers = list(_headers(found))
    if status is None or not isinstance(body, str | None) or None in headers:
        raise malformed
    sent = [pair for pair in headers if pair is not None]
    content = (body or "").encode(errors="replace")
    accepted = request.header("accept").partition(",")[0].partition(";")[0].strip() or "*/*"
    if found.get("isBase64Encoded") is True and any(matches_media(one, accepted) for one in binary):
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error:
            raise GatewayError("API_CONFIGURATION_ERROR", noted="the body is no base64") from None
    return Answer(status=status, headers=_typed(sent), body=content)


def _typed(headers: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Return headers that name a media type: JSON where none is said."""
    named = any(name.lower() == "content-type" for name, _ in headers)
    return headers if named else [("Content-Type", "application/json"), *headers]


def _status(given: Any) -> int | None:
    if isinstance(given, bool) or not isinstance(given, int | str):
        return None
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and 200 <= int(text) <= 599 else None


def _headers(found: Mapping[str, Any]) -> Iterator[tuple[str, str] | None]:
    """Yield the headers of an output, None where they have another form; those of several values win."""
    single, multiple = found.get("headers") or {}, found.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        yield None
        return
    again = {name.lower() for name in multiple}
    for name, value in single.items():
        if name.lower() not in again:
            yield _header(name, value)
    for name, values in multiple.items():
        if not isinstance(values, list):
            yield None
            return
        for value in values:
            yield _header(name, value)


def _header(name: str, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str | int | float) or not _TOKEN.fullmatch(name):
        return None
    sent = f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED else name
    return sent, spelled(value)


def of_mock(operation_responses: Mapping[str, Any], template: str, known: Mapping[str, Any]) -> Answer:
    """Return what a mock integration answers: the response for the status of its request template."""
    try:
        wanted = str(json.loads(template or "{}").get("statusCode", "200"))
    except (ValueError, AttributeError):
        raise GatewayError("API_CONFIGURATION_ERROR", noted="a mock's template is no JSON") from None
    found = operation_responses.get(wanted) or operation_responses.get("default")
    if found is None:
        raise GatewayError("API_CONFIGURATION_ERROR", noted=f"a mock has no response for status {wanted}")
    headers = [
        (name.removeprefix("method.response.header."), str(value).strip("'"))
        for name, value in (found.get("responseParameters") or {}).items()
    ]
    body = filled((found.get("responseTemplates") or {}).get("application/json") or "", known, "")
    return Answer(status=int(found.get("statusCode", wanted)), headers=_typed(headers), body=body.encode())


def of_gateway(error: GatewayError, request: Request, stage: Stage, known: Mapping[str, Any]) -> Answer:
    """Return a gateway response: customised for its type, or for its class, or AWS's own."""
    fallback = "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX"
    custom = stage.responses.get(error.kind) or stage.responses.get(fallback) or {}
    templates = custom.get("responseTemplates") or {}
    template = templates.get("application/json", '{"message":$context.error.messageString}')
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", KINDS[error.kind].error)]
    for name, value in (custom.get("responseParameters") or {}).items():
        if (sent := _parameter(str(value), request, known)) is not None:
            headers.append((name.removeprefix(_HEADER), sent))
    status = int(custom.get("statusCode") or error.status)
    return Answer(status=status, headers=headers, body=filled(template, known, "").encode())


def _parameter(value: str, request: Request, known: Mapping[str, Any]) -> str | None:
    """Return the value of a mapped header: a text in quotes, or what the request or its context has."""
    if value.startswith("'"):
        return value.strip("'")
    if value.startswith("method.request.header."):
        return request.header(value.removeprefix("method.request.header.")) or None
    if value.startswith("method.request.querystring."):
        return request.query_values.get(value.removeprefix("method.request.querystring."), [None])[-1]
    found = look_up(value.removeprefix("$"), known)
    return None if found is None or isinstance(found, Mapping) else spelled(found)
