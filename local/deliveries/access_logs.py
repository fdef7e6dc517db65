"""Server access logs of buckets, in the moto process; see AWS's page "Amazon S3 server access log format".

AWS delivers on a best-effort basis, mostly within hours; here a bucket's lines are put together every few
seconds. Who asked, from where, and how its TLS was, is not known here: those fields are `-`.
"""

import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response

from local.deliveries.messages import Delivery
from local.deliveries.seam import Seam

DELIVERY_SECONDS = 2
_OWNER = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"
"""The canonical id that moto gives every owner."""
_RESOURCES = {
    "acl": "ACL",
    "attributes": "OBJECT_ATTRIBUTES",
    "delete": "MULTI_OBJECT_DELETE",
    "encryption": "ENCRYPTION",
    "lifecycle": "LIFECYCLE",
    "location": "LOCATION",
    "logging": "LOGGING_STATUS",
    "notification": "NOTIFICATION",
    "policy": "BUCKETPOLICY",
    "versioning": "VERSIONING",
    "versions": "BUCKETVERSIONS",
}


class AccessLogs:
    """Collects a line for each request to a bucket that is logged, and delivers them."""

    def __init__(self, seam: Seam) -> None:
        self._seam = seam
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def add(self, backend: Any, bucket_name: str, line: Callable[[Any], str]) -> None:
        """Keep the line of a request to *bucket_name*, if the bucket is there and logged."""
        bucket = backend.buckets.get(bucket_name)
        if bucket is not None and bucket.logging:
            with self._lock:
                self._waiting[backend.account_id, backend.partition, bucket_name].append(line(bucket))

    def run(self) -> None:
        """Deliver for ever."""
        while True:
            time.sleep(DELIVERY_SECONDS)
            self.deliver()

    def deliver(self) -> None:
        """Put what has been collected into the log buckets."""
        with self._lock:
            waiting, self._waiting = self._waiting, defaultdict(list)
        for (account, partition, name), lines in waiting.items():
            backend = s3_backends[account][partition]
            bucket = backend.buckets.get(name)
            if bucket is None or not bucket.logging or bucket.logging["TargetBucket"] not in backend.buckets:
                continue  # deleted, or logged no more
            target = bucket.logging["TargetBucket"]
            key = f"{bucket.logging.get('TargetPrefix', '')}{_object_name(bucket.logging, bucket, account)}"
            delivery = Delivery(
                kind="bucket-to-log-bucket",
                source=bucket.arn,
                target=f"arn:aws:s3:::{target}/{key}",
                account=account,
                region=bucket.region_name,
            )
            body = "".join(f"{line}\n" for line in lines).encode()
            self._seam.deliver(delivery, partial(backend.put_object, target, key, value=body))


def attach(seam: Seam) -> None:
    """Collect the requests to buckets in place of moto's own log, whose fields are made up."""
    logs = AccessLogs(seam)
    response: Any = S3Response
    backend: Any = S3Backend
    bucket: Any = FakeBucket
    for name in ("bucket_response", "key_response"):
        setattr(response, name, _logged(logs, getattr(response, name), with_key=name == "key_response"))
    backend.log_incoming_request = lambda *_: None
    # Bucket policies are not in moto: the judge says whether logs may be delivered.
    bucket._log_permissions_enabled_policy = lambda *_, **__: True
    threading.Thread(target=logs.run, name="access-logs", daemon=True).start()


def _logged(logs: AccessLogs, moto_respond: Callable[..., Any], *, with_key: bool) -> Callable[..., Any]:
    def respond(self: Any, request: Any, full_url: str, headers: Any) -> Any:
        began = time.monotonic()
        answer = moto_respond(self, request, full_url, headers)
        name = self.parse_bucket_name_from_url(request, full_url)
        key = self.parse_key_name() if with_key else ""
        logs.add(self.backend, name, lambda bucket: _line(bucket, request, key, answer, began))
        return answer

    return respond


def _line(bucket: Any, request: Any, key: str, answer: Any, began: float) -> str:
    status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
    found = {name.lower(): value for name, value in headers.items()}
    sent = 0 if request.method == "HEAD" else len(body or b"")
    spent = max(1, round((time.monotonic() - began) * 1000))
    size = (sent if request.method == "GET" else request.content_length) if key and status < 300 else None
    agent = (request.headers.get("user-agent") or "-").replace('"', "")
    fields = [
        _OWNER,
        bucket.name,
        f"[{datetime.now(UTC):%d/%b/%Y:%H:%M:%S} +0000]",
        "-",
        "-",
        secrets.token_hex(8).upper(),
        _operation(request, key),
        quote(quote(key)) if key else "-",  # twice, as S3 does
        f'"{request.method} {quote(request.path)}{_query(request)} HTTP/1.1"',
        status,
        _error_code(status, body),
        sent or "-",
        size or "-",
        spent,
        spent if key else "-",
        f'"{request.headers.get("referer") or "-"}"',
        f'"{agent}"',
        found.get("x-amz-version-id") or request.args.get("versionId") or "-",
        secrets.token_urlsafe(42),
        "SigV4" if "AWS4" in (request.headers.get("authorization") or "") else "-",
        "-",
        "AuthHeader" if request.headers.get("authorization") else "-",
        request.host,
        "-",
        "-",
        "-",
        bucket.region_name,
    ]
    return " ".join(map(str, fields))


def _operation(request: Any, key: str) -> str:
    named = next((word for parameter, word in _RESOURCES.items() if parameter in request.args), None)
    if "tagging" in request.args:
        named = "OBJECT_TAGGING" if key else "TAGGING"
    elif "uploads" in request.args or "uploadId" in request.args:
        named = "PART" if "partNumber" in request.args else "UPLOAD" if key else "UPLOADS"
    method = "COPY" if request.headers.get("x-amz-copy-source") else request.method
    return f"REST.{method}.{named or ('OBJECT' if key else 'BUCKET')}"


def _query(request: Any) -> str:
    text = request.query_string.decode()
    return f"?{text}" if text else ""


def _error_code(status: int, body: Any) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    return text.partition("<Code>")[2].partition("</Code>")[0] or "-" if status >= 400 else "-"


def _object_name(logging: dict[str, Any], bucket: Any, account: str) -> str:
    """Return the name after the prefix: simple, or partitioned by source and day."""
    now = datetime.now(UTC)
    name = f"{now:%Y-%m-%d-%H-%M-%S}-{secrets.token_hex(8).upper()}"
    if "PartitionedPrefix" in (logging.get("TargetObjectKeyFormat") or {}):
        return f"{account}/{bucket.region_name}/{bucket.name}/{now:%Y/%m/%d}/{name}"
    return name
