"""What `status` shows: tables that answer whether all is well, what is stuck, and what was refused."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

WAITING = {
    "visible": "ApproximateNumberOfMessages",
    "in flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


def with_counts(status: Mapping[str, Any], client: Callable[[str], Any]) -> dict[str, Any]:
    """Return *status* with the number of messages of each queue; *client* gives a region's SQS client."""
    counted = []
    for queue in status["queues"]:
        found = client(queue["region"]).get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["All"])
        counts = {kind: int(found["Attributes"][name]) for kind, name in WAITING.items()}
        counted.append({**queue, "messages": counts})
    return {**status, "queues": counted}


def show(console: Console, status: Mapping[str, Any]) -> None:
    """Print the tables; what there is nothing to say about is left out."""
    for title, part in _parts(status):
        console.print(f"\n[bold]{title}[/bold]")
        console.print(part)


def _parts(status: Mapping[str, Any]) -> Iterator[tuple[str, RenderableType]]:
    emulated, recorded = sum(status["emulated"].values()), sum(status["recorded"].values())
    yield f"Deployed: {emulated} resources exist in moto, {recorded} in state alone", _deployed(status)
    if status["apis"]:
        yield "REST APIs", apis(status)
    runner = status["runner"]
    if runner["functions"]:
        yield "Functions", _functions(runner["functions"])
    if runner["mappings"]:
        yield "Event source mappings", _mappings(runner["mappings"])
    if status["queues"]:
        yield "Queues", _queues(status["queues"])
    if status["denials"]:
        yield "Denied by the deployed policies", _denials(status["denials"])
    if status["unused"]:
        yield "Granted and not used so far", _unused(status["unused"])
    if status["failing"]:
        yield "Accepted as on AWS, and going to fail", _failing(status["failing"])
    problems = [*runner["problems"], *status["errors"], *status["problems"]]
    if problems:
        yield "Problems", Group(*(Text(f"✗ {problem}", "red") for problem in problems))
    else:
        yield "Problems", Text("none", "green")


def _table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=False)
    for name in columns:
        right = name in numbers
        table.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _deployed(status: Mapping[str, Any]) -> RenderableType:
    def names(kinds: Mapping[str, int]) -> str:
        return ", ".join(f"{number} {kind.rsplit(':', 1)[1]}" for kind, number in kinds.items()) or "nothing"

    table = Table.grid(padding=(0, 1))
    table.add_row("in moto", Text(names(status["emulated"]), "dim"))
    table.add_row("in state", Text(names(status["recorded"]), "dim"))
    return table


def apis(status: Mapping[str, Any]) -> Table:
    """Return where each stage of each API is called."""
    table = _table("api", "stage", "url")
    for one in status["apis"]:
        table.add_row(one["name"], one["stage"], one["url"])
    return table


def _number(value: int, style: str) -> Text:
    return Text(str(value), style if value else "dim")


def _functions(functions: Sequence[Mapping[str, Any]]) -> Table:
    numbers = ("invoked", "errors", "timeouts", "throttled", "warm")
    table = _table("function", *numbers, numbers=numbers)
    for one in functions:
        table.add_row(
            one["name"],
            str(one["invocations"]),
            *(_number(one[kind], "bold red") for kind in ("errors", "timeouts", "throttled")),
            str(one["warm"]),
        )
    return table


def _mappings(mappings: Sequence[Mapping[str, Any]]) -> Table:
    numbers = ("batches", "messages", "failed")
    table = _table("from", "to", "state", *numbers, numbers=numbers)
    for one in mappings:
        function = one["function"].partition(":function:")[2] or one["function"]
        style = "green" if one["state"] == "Enabled" else "bold red"
        state = Text(f"{one['state']}: {one['reason']}" if one["reason"] else one["state"], style)
        failed = _number(one["failed"], "yellow")
        source = one["source_arn"].rpartition(":")[2]
        table.add_row(source, function, state, str(one["batches"]), str(one["messages"]), failed)
    return table


def _queues(queues: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("queue", *WAITING, "", numbers=tuple(WAITING))
    for queue in sorted(queues, key=lambda one: (one["keeps_failures"], one["name"])):
        counts, keeps = queue["messages"], queue["keeps_failures"]
        stuck = keeps and sum(counts.values())
        hint = "redrive brings them back" if stuck and queue["sources"] else "keeps what failed"
        style = "bold red" if keeps else "bold"
        table.add_row(
            Text(queue["name"], "bold red" if stuck else ""),
            *(_number(counts[kind], style) for kind in WAITING),
            Text(hint if keeps else "", "red" if stuck else "dim"),
        )
    return table


def _denials(denials: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("who", "action", "resource", "times", "why", numbers=("times",))
    for one in denials:
        who = one["principal"].rpartition("/")[2]
        resource = _short(one["resource"])
        table.add_row(who, Text(one["action"], "bold red"), resource, str(one["times"]), one["reason"])
    return table


def _unused(unused: Sequence[Mapping[str, Any]]) -> Table:
    actions: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for one in unused:
        actions[one["role"].rpartition("/")[2], _short(one["resource"])][one["action"]] = None
    table = _table("role", "actions", "on")
    for (role, resource), names in actions.items():
        table.add_row(role, ", ".join(names), Text(resource, "dim"))
    return table


def _failing(failing: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("resource", "what fails")
    for one in failing:
        kind, name = one["urn"].split("::")[2:]
        token = kind.rpartition("$")[2].rpartition(":")[2]
        table.add_row(Text(f"{token} {name}", "yellow"), one["message"])
    return table


def _short(arn: str) -> str:
    """Return what tells an ARN apart from others of this account and region."""
    return arn.split(":", 5)[-1]
