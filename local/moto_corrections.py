"""What this project corrects in moto 5.2.5, in the moto process alone; each with the reason."""

import functools
import logging
import time
from collections.abc import Callable
from typing import Any

import jsonpath_ng.ext
import moto.sqs.models as sqs
from moto.cognitoidp.models import CognitoIdpUserPool
from moto.core.responses import ActionResult
from moto.s3.responses import S3Response


def correct() -> None:
    """Apply every correction."""
    _lock_queues()
    _speed_up_queues()
    _read_paths_once()
    _tell_of_event_bridge()
    _keep_usernames()
    _let_clients_limit_tokens()
    _fill_id_tokens()
    # Nobody reads a line for each request, and writing it was about a tenth of handling one (sampled).
    logging.getLogger("werkzeug").setLevel(logging.WARNING)


def _lock_queues() -> None:
    """Hold a queue's own lock while messages are received or deleted, not only while they are added.

    Without it a message that is added during a deletion can be lost, since the deletion puts a copy of the
    list in place, and two receivers can take the same message. Waiting for messages lets go of the lock.
    """

    def locked[**P, R](queue_of: Callable[..., Any], method: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with queue_of(*args, **kwargs)._messages_lock:
                return method(*args, **kwargs)

        return call

    def of_backend(backend: Any, queue_name: str, *_: Any, **__: Any) -> Any:
        return backend.get_queue(queue_name)

    delete, receive = sqs.Queue.delete_message, sqs.SQSBackend.receive_message
    sqs.Queue.delete_message = locked(lambda queue, *_: queue, delete)  # type: ignore[method-assign]
    sqs.SQSBackend.receive_message = locked(of_backend, receive)  # type: ignore[method-assign]


def _speed_up_queues() -> None:
    """Read the clock once for a message, and not all attributes of its queue.

    moto goes through every message of the queue several times for each that it hands out, and computes its
    timestamps with calendar arithmetic: a receive from 3,000 messages took most of a second.
    """

    def still_retained(backend: Any, queue_name: str, message: Any) -> bool:
        retention = backend.get_queue(queue_name).message_retention_period
        return bool(retention + message.sent_timestamp / 1000 > time.time())

    for owner, name, replacement in (
        (sqs, "unix_time", lambda _=None: time.time()),
        (sqs, "unix_time_millis", lambda _=None: time.time() * 1000),
        (sqs.SQSBackend, "is_message_valid_based_on_retention_period", still_retained),
    ):
        setattr(owner, name, replacement)


def _tell_of_event_bridge() -> None:
    """Let GetBucketNotificationConfiguration tell of EventBridge, which moto keeps to itself."""
    response: Any = S3Response
    moto_get = response.get_bucket_notification

    def get_bucket_notification(self: Any) -> Any:
        found = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if found is None or found.event_bridge is None:
            return moto_get(self)
        answer = self.serialized

        def with_event_bridge(action: ActionResult) -> Any:
            told: Any = action.result
            return answer(ActionResult({**told, "EventBridgeConfiguration": {}}))

        self.serialized = with_event_bridge
        return moto_get(self)

    response.get_bucket_notification = get_bucket_notification


def _read_paths_once() -> None:
    """Parse each path of an event's template once: moto builds a parser for every path of every event."""
    owner: Any = jsonpath_ng.ext
    owner.parse = functools.cache(owner.parse)


def _keep_usernames() -> None:
    """Let UpdateUserPool leave the username attributes of a pool alone: its users sign in by them."""
    pool: Any = CognitoIdpUserPool
    moto_update = pool.update_extended_config

    def update_extended_config(self: Any, given: dict[str, Any]) -> None:
        kept = getattr(self, "extended_config", {}).get("UsernameAttributes")
        moto_update(self, {"UsernameAttributes": kept, **given} if kept else given)

    pool.update_extended_config = update_extended_config


def _let_clients_limit_tokens() -> None:
    """Let tokens of Cognito be valid for as long as their client says, where moto has an hour for all."""
    pool: Any = CognitoIdpUserPool
    moto_create = pool.create_jwt
    seconds = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}

    def create_jwt(self: Any, client_id: str, username: str, token_use: str, **options: Any) -> Any:
        client = self.clients.get(client_id)
        configured = client.extended_config if client else {}
        kind = token_use.capitalize()
        number = configured.get(f"{kind}TokenValidity")
        if number:
            unit = (configured.get("TokenValidityUnits") or {}).get(f"{kind}Token", "hours")
            options["expires_in"] = number * seconds[unit]
        return moto_create(self, client_id, username, token_use, **options)

    pool.create_jwt = create_jwt


def _fill_id_tokens() -> None:
    """Let an id token carry every attribute of its user that the client may read, which is all by default."""
    pool: Any = CognitoIdpUserPool
    moto_data = pool.get_user_extra_data_by_client_id

    def get_user_extra_data_by_client_id(self: Any, client_id: str, username: str) -> dict[str, Any]:
        found = dict(moto_data(self, client_id, username))
        known = self.clients.get(client_id)
        if known and "ReadAttributes" not in known.extended_config:
            found |= {one["Name"]: one["Value"] for one in self._get_user(username).attributes}
        verified = {name: value == "true" for name, value in found.items() if name.endswith("_verified")}
        return found | verified

    pool.get_user_extra_data_by_client_id = get_user_extra_data_by_client_id
