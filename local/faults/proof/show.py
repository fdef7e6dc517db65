"""Runs the proof on a stack of its own, and prints the counts."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.errors import LocalStackError
from local.faults.proof.dead_letters import summarise
from local.faults.proof.every import every
from local.faults.proof.inputs import generate
from local.faults.proof.run import Outcome, Proof
from local.stack import LocalStack

PATIENCE_SECONDS = 3600
MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be proved; *kinds* are those of the faults, all if empty, and *concurrency* the worker's."""

    events: int
    share: float
    seed: int
    kinds: Sequence[str] = ()
    concurrency: int = 20


def prove(console: Console, question: Question) -> int:
    """Return 0 if every event is accounted for, else 1."""
    with tempfile.TemporaryDirectory(prefix="guardrails-") as scratch:
        stack = LocalStack.start(Path(scratch) / "stack")
        try:
            _deploy(stack, question.concurrency)
            outcome = _run(console, stack, question)
        finally:
            stack.stop()
    print_outcome(console, question, outcome)
    return 1 if outcome.wrong else 0


def _deploy(stack: LocalStack, concurrency: int) -> None:
    """Deploy with more concurrency: what functions wait for in retries takes no processor."""
    stack.engine.select("local")
    for name in ("reservedConcurrency", "maximumConcurrency"):
        path = f"objects.worker.{name}"
        stack.engine.require("config", "set", "--path", path, str(concurrency))
    run = stack.deploy()
    if run.status:
        raise LocalStackError(f"the deployment failed:\n{run.output}")


def _run(console: Console, stack: LocalStack, question: Question) -> Outcome:
    plan = generate(question.events, question.seed)
    columns = (TextColumn("   {task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        put = progress.add_task("put", total=len(plan.uploads))
        waiting = progress.add_task("on their way", total=None)
        return Proof(stack, PATIENCE_SECONDS).run(
            plan,
            every(question.share, question.seed, question.kinds),
            pauses=not question.kinds or "pause" in question.kinds,
            on_put=lambda count: progress.advance(put, count),
            on_waiting=lambda count: progress.update(waiting, completed=count),
        )


def print_outcome(console: Console, question: Question, outcome: Outcome) -> None:
    """Print what struck, what became of the events, and what is wrong."""
    kinds = ", ".join(question.kinds) or "every fault"
    console.print(
        f"{question.events} events, {question.share:.0%} of {kinds}, seed {question.seed}: "
        f"{outcome.seconds:.0f} s"
    )
    strikes = Table("fault", box=None)
    for title in ("asked", "struck", "%"):
        strikes.add_column(title, justify="right")
    for one in outcome.faults:
        asked, struck = one["matched"], one["struck"]
        part = f"{100 * struck / asked:.1f}" if asked else ""
        strikes.add_row(_name(one["fault"]), str(asked), str(struck), part)
    console.print(strikes)
    _print_accounts(console, outcome)
    for reason, number in summarise(outcome.letters).most_common():
        console.print(f"   {number} dead letters: {reason}", soft_wrap=True, markup=False)
    for line in outcome.wrong[:MOST_SHOWN]:
        console.print(f"   ✗ {line}", style="red", markup=False, soft_wrap=True)
    if hidden := len(outcome.wrong) - MOST_SHOWN:
        console.print(f"   and {hidden} more" if hidden > 0 else "", style="red")
    console.print("NOT as it must be" if outcome.wrong else "every event is accounted for")


def _name(fault: dict[str, Any]) -> str:
    moment = f", {fault['when']} the effect" if fault["kind"] in ("error", "kill") else ""
    return f"{fault['kind']} {fault['on']}{moment}"


def _print_accounts(console: Console, outcome: Outcome) -> None:
    counts = Table("", box=None)
    for title in ("under faults", "after the redrive"):
        counts.add_column(title, justify="right")
    accounts = (outcome.under_faults, outcome.afterwards)

    def row(title: str, *numbers: int) -> None:
        counts.add_row(title, *map(str, numbers))

    for status in sorted({status for one in accounts for status in one.recorded}):
        row(f"recorded once, {status}", *(one.recorded[status] for one in accounts))
    rows: list[tuple[str, list[int]]] = [
        ("set aside with a reason", [one.set_aside for one in accounts]),
        ("lost, twice or wrong", [len(one.wrong) for one in accounts]),
        ("events", [one.events for one in accounts]),
    ]
    for title, numbers in rows:
        row(title, *numbers)
    row("of those recorded, with a dead letter", *(one.recorded_and_set_aside for one in accounts))
    console.print(counts)
