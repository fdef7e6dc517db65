"""Where failures go: the queue at the end of a dead-letter, redrive or failure destination setting."""

from typing import Final

from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node

_FOR_ALL: Final = ("sqs.Queue", "sns.Topic", "s3.Bucket")
_OF_INVOCATIONS: Final = ("cloudwatch.EventBus", "lambda.Alias", "lambda.Function")
_NO_QUEUES: Final = ("events", "lambda", "s3", "sns")


def failure_queue(holder: Node, path: tuple[str, ...], graph: Graph) -> Node | None:
    """Return the queue that failures go to, None if they go to something else, or to another stack's.

    Raises
    ------
    UndeterminedError
        What stands at *path* is not known yet, or is of another stack that nobody says answers for it.
    """
    invoked = holder.kind == "lambda.FunctionEventInvokeConfig"
    found = graph.target(holder, *path, kinds=(*_FOR_ALL, *_OF_INVOCATIONS) if invoked else _FOR_ALL)
    if found is None:
        named = graph.text_at(holder, *path)
        if service_of(named) not in _NO_QUEUES:
            graph.elsewhere(named, f"the dead-letter queue that {holder} names")
        return None
    return found if found.kind == "sqs.Queue" else None
