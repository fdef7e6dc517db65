"""Where Lambda sends records of what failed, with the function's role."""

from collections.abc import Callable
from typing import Any

from local.runner.calls import FunctionCalls
from local.runner.errors import RunnerError


class Destinations:
    """Sends to queues and topics, by clients that *client* makes for a service."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def send(self, target: str, text: str, calls: FunctionCalls) -> str:
        """Send *text* to the queue or topic with ARN *target*; return why it may not, else nothing.

        Raises
        ------
        RunnerError
            The target is neither.
        """
        *_, account, name = target.split(":")
        if ":sqs:" in target:
            denied = calls.refused("sqs", "SendMessage", QueueUrl=f"/{account}/{name}")
            if not denied:
                sqs = self._client("sqs")
                url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
                sqs.send_message(QueueUrl=url, MessageBody=text)
        elif ":sns:" in target:
            denied = calls.refused("sns", "Publish", TopicArn=target)
            if not denied:
                self._client("sns").publish(TopicArn=target, Message=text)
        else:
            raise RunnerError(f"destination {target} is not emulated; queues and topics are")
        return denied.message if denied else ""
