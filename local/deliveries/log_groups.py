"""The key behind a log group, in the moto process: CloudWatch Logs needs it to create the group and to write.

AWS documents the permissions, and that a group whose key does not admit Logs is refused, under "Encrypt log
data in CloudWatch Logs using AWS KMS". What a write is told whose key was closed later is not documented;
here it is refused in the same words.
"""

from collections.abc import Callable
from typing import Any

from moto.logs.exceptions import LogsClientError
from moto.logs.models import LogsBackend

from local.deliveries.messages import Delivery
from local.deliveries.seam import Seam


def attach(seam: Seam) -> None:
    """Ask before a log group with a key is created, and before something is written there."""
    moto_backend: Any = LogsBackend
    moto_create: Callable[..., Any] = moto_backend.create_log_group
    moto_put: Callable[..., Any] = moto_backend.put_log_events

    def create_log_group(backend: Any, log_group_name: str, *args: Any, **kwargs: Any) -> Any:
        if key := kwargs.get("kmsKeyId"):
            _admit(seam, backend, "log-group-to-key", log_group_name, key)
        return moto_create(backend, log_group_name, *args, **kwargs)

    def put_log_events(backend: Any, log_group_name: str, *args: Any, **kwargs: Any) -> Any:
        group = backend.groups.get(log_group_name)
        if group and group.kms_key_id:
            _admit(seam, backend, "log-events-to-key", log_group_name, group.kms_key_id)
        return moto_put(backend, log_group_name, *args, **kwargs)

    moto_backend.create_log_group, moto_backend.put_log_events = create_log_group, put_log_events


def _admit(seam: Seam, backend: Any, kind: str, name: str, key: str) -> None:
    arn = f"arn:aws:logs:{backend.region_name}:{backend.account_id}:log-group:{name}"
    delivery = Delivery(
        kind=kind, source=arn, target=arn, account=backend.account_id, region=backend.region_name, key=key
    )
    if seam.ask(delivery).refused:
        message = f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
        raise LogsClientError("AccessDeniedException", message)
