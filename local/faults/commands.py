"""Disturb the running local stack on purpose.

Examples
--------
  fault add throttle --service dynamodb --operation PutItem --share 20%

  fault add error --when after --service s3 --share 0.1 --seed 7

  fault add duplicate --on deliveries --share 20%

  fault add kill --function '*worker*' --share 20% --calls 25

  fault pause '*objects-work*'
"""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from local.faults.errors import FaultError
from local.faults.fault import DELAY_MILLISECONDS, SITES, Fault
from local.folder import chosen_folder
from local.stack import LocalStack

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
console = Console(highlight=False)

_KINDS = ", ".join(kind for kind in SITES if kind != "pause")


def _share(text: str) -> float:
    """Read 20%, 20 % or 0.2."""
    number, percent, rest = text.strip().partition("%")
    try:
        return float(number) / (100 if percent else 1) if not rest else float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither like 20% nor like 0.2") from None


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help=f"One of {_KINDS}.")],
    on: Annotated[
        str | None,
        typer.Option(help="What is struck: calls, batches, deliveries or scans; kill strikes invocations."),
    ] = None,
    function: Annotated[str, typer.Option(help="Functions, as a glob on the name.")] = "*",
    service: Annotated[str, typer.Option(help="Services of calls, as boto3 names them.")] = "*",
    operation: Annotated[str, typer.Option(help="Operations of calls, such as PutItem.")] = "*",
    source: Annotated[str, typer.Option(help="Rules, topics or buckets that deliver or are scanned.")] = "*",
    target: Annotated[str, typer.Option(help="Queues or topics that are delivered to.")] = "*",
    queue: Annotated[str, typer.Option(help="Queues, as a glob on the name.")] = "*",
    share: Annotated[str, typer.Option(help="The part that is struck: 20% or 0.2.")] = "100%",
    seed: Annotated[int, typer.Option(help="Another seed strikes others; the same one, the same.")] = 0,
    when: Annotated[
        str,
        typer.Option(help="For error and kill: before the effect, or after it, so that the answer is lost."),
    ] = "before",
    milliseconds: Annotated[
        int | None,
        typer.Option(help=f"At most so late ({DELAY_MILLISECONDS}); with kill: dies within this time."),
    ] = None,
    calls: Annotated[int, typer.Option(help="For kill: dies at one of its first so many calls.")] = 10,
    limit: Annotated[int | None, typer.Option(help="Rest after so many strikes.")] = None,
) -> None:
    """Let a share of calls or deliveries fail, be late or come twice, or functions die."""
    fault = Fault(
        kind=kind,  # type: ignore[arg-type]  # checked there
        on=on,  # type: ignore[arg-type]
        function=function,
        service=service,
        operation=operation,
        source=source,
        target=target,
        queue=queue,
        share=_share(share),
        seed=seed,
        when=when,  # type: ignore[arg-type]
        milliseconds=milliseconds,
        calls=calls,
        limit=limit,
    )
    console.print(f"{LocalStack.attach(chosen_folder()).faults.add(fault)}: {fault.kind} {fault.describe()}")


@app.command("list")
def list_() -> None:
    """Show the active faults, how often each was asked, and how often it struck."""
    show(LocalStack.attach(chosen_folder()).faults.standing())


@app.command()
def clear(
    name: Annotated[str | None, typer.Argument(help="The fault's name; all without it.")] = None,
) -> None:
    """End a fault, or all, and show what they did."""
    show(LocalStack.attach(chosen_folder()).faults.clear(name))


@app.command()
def pause(queue: Annotated[str, typer.Argument(help="Queues, as a glob on the name.")]) -> None:
    """Stop the polling of queues; what is being received at that moment is still worked on."""
    name = LocalStack.attach(chosen_folder()).faults.pause(queue)
    console.print(f"{name}: {queue} stands still; go on with: python -m local fault resume {queue!r}")


@app.command()
def resume(queue: Annotated[str, typer.Argument(help="The glob that was paused.")]) -> None:
    """Let paused queues be polled again."""
    if not LocalStack.attach(chosen_folder()).faults.resume(queue):
        raise FaultError(f"{queue!r} is not paused; see: python -m local fault list")
    console.print(f"{queue} is polled again")


@app.command()
def prove(
    events: Annotated[int, typer.Option(min=1, help="How many object versions are put.")] = 5000,
    share: Annotated[str, typer.Option(help="The part that each fault strikes.")] = "20%",
    seed: Annotated[int, typer.Option(help="Draws input and strikes.")] = 1,
    kind: Annotated[list[str] | None, typer.Option(help="Only faults of this kind; may be repeated.")] = None,
    concurrency: Annotated[int, typer.Option(min=2, help="The worker's, instead of the stack's 5.")] = 20,
) -> None:
    """Put events into a stack of its own under every fault at once, and account for each of them."""
    from local.faults.proof.show import Question, prove

    unknown = [one for one in kind or [] if one not in SITES]
    if unknown:
        raise FaultError(f"kind {unknown[0]!r} is none of {', '.join(SITES)}")
    question = Question(
        events=events, share=_share(share), seed=seed, kinds=tuple(kind or ()), concurrency=concurrency
    )
    raise typer.Exit(prove(console, question))


def show(standing: list[dict[str, object]]) -> None:
    """Print faults as a table."""
    if not standing:
        console.print("no fault is active")
        return
    table = Table("fault", "strikes", box=None)
    for title in ("asked", "struck"):
        table.add_column(title, justify="right")
    for one in standing:
        table.add_row(*(str(one[name]) for name in ("id", "words", "matched", "struck")))
    console.print(table)
