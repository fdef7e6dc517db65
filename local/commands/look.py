"""The commands that look at a running stack, and bring back what failed."""

import json
import time
from fnmatch import fnmatch
from typing import Annotated

import typer

from local.commands import logs as log_lines
from local.commands import redrive as dead_letters
from local.commands import status as status_tables
from local.console import console
from local.errors import LocalStackError
from local.faults import commands as fault_commands
from local.folder import chosen_folder
from local.stack import LocalStack

POLL_SECONDS = 0.5


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, for programs.")] = False,
) -> None:
    """Show what is deployed, what runs, what is stuck, what was denied and what was never used."""
    stack = LocalStack.attach(chosen_folder())
    found = status_tables.with_counts(stack.status(), lambda region: stack.client("sqs", region))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    status_tables.show(console, found)
    if found["faults"]:
        fault_commands.show(found["faults"])


def logs(
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as lines come, until interrupted.")
    ] = False,
    function: Annotated[str, typer.Option(help="Functions, as a glob on the name.")] = "*",
    since: Annotated[str, typer.Option(help="Only lines of the last 90s, 5m, 1h ….")] = "",
    errors: Annotated[bool, typer.Option("--errors", help="Only errors.")] = False,
) -> None:
    """Print the logs of every function, oldest first, one colour for each function."""
    stack = LocalStack.attach(chosen_folder())
    begin = int((time.time() - log_lines.seconds_of(since)) * 1000) if since else 0
    found = [one for one in stack.status()["log_groups"] if fnmatch(one["function"] or "-", function)]
    groups = [group for group in found if group["function"]]
    if not groups:
        raise LocalStackError(f"no deployed function is called like {function!r}")
    reader = log_lines.Reader(groups=groups, client=lambda region: stack.client("logs", region), since=begin)
    colours = log_lines.colours([group["function"] for group in groups])
    while True:
        for group, event in reader.new():
            if not errors or log_lines.is_error(event["message"]):
                name = group["function"]
                shown = log_lines.line(event["message"], event["timestamp"], name, colours[name])
                console.print(shown, soft_wrap=True)
        if not follow:
            return
        time.sleep(POLL_SECONDS)


def redrive(
    queue: Annotated[str | None, typer.Argument(help="The dead-letter queue; every one without it.")] = None,
    most: Annotated[int | None, typer.Option("--max", min=1, help="Move at most so many messages.")] = None,
) -> None:
    """Move messages of dead-letter queues back to the queue that they failed in."""
    stack = LocalStack.attach(chosen_folder())
    chosen = dead_letters.dead_letter_queues(stack.status()["queues"], queue)
    moved = 0
    for one in chosen:
        done = dead_letters.redrive(stack.client("sqs", one["region"]), one, most)
        moved += done.moved
        if done.moved or queue:
            console.print(
                f"{done.queue}: {done.moved} moved to {done.source}, {done.left} left", soft_wrap=True
            )
    if not moved:
        names = ", ".join(one["name"] for one in chosen) or "no dead-letter queue is deployed"
        raise LocalStackError(f"there is nothing to redrive ({names})")
