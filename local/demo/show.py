"""Run the demo and print it."""

import re
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.demo.administration import Administration
from local.demo.drive import put_all, replay, wait_for
from local.demo.gate import two_faults, write_variant
from local.demo.inputs import Expected, Plan, generate
from local.demo.readback import Found, Names, differences
from local.demo.trouble import Trouble, is_on_purpose
from local.engine.engine import Run
from local.errors import LocalStackError
from local.permissions.reviewed import review
from local.stack import LocalStack, preview_engine
from local.toolchain import ROOT

FINDINGS_OF_THE_FAULTS = {"s3-versioning": "IP-1.3", "iam-exact": "OP-1.3"}
PACK_PASSED = "✅ guardrails@v"
WAIT_SECONDS = 120
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def _title(console: Console, title: str) -> None:
    console.print(f"\n[bold]{title}[/bold]", soft_wrap=True)


@contextmanager
def _part(console: Console, title: str) -> Iterator[None]:
    _title(console, title)
    begun = time.monotonic()
    yield
    console.print(f"   {time.monotonic() - begun:.1f} s", style="dim")


def run_demo(console: Console, program: Path = ROOT) -> int:
    """Return 0 if every count is what the generator of the input says, else 1.

    *program* is a folder with a variant of the program to deploy instead of the project's own.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="guardrails-") as scratch:
        folder = Path(scratch)
        with _part(console, "1  The gate: versioning switched off, and one role allowed s3:* on everything"):
            show_gate(console, folder)
        with _part(console, "2  The program as it is: dev and prod previewed, the policy pack mandatory"):
            show_previews(console, folder)
        _title(console, "3  Stack local deployed by the real engine, the same pack in front")
        stack = LocalStack.start(folder / "stack", program=program)
        try:
            _deploy(console, stack)
            wrong = put_and_account(console, stack)
        finally:
            with _part(console, "5  Clean up"):
                try:
                    destroyed = stack.destroy()
                finally:
                    stack.stop()
        if destroyed.status:
            wrong.append(f"destroying the stack failed:\n{destroyed.output}")
    for line in wrong:
        console.print(f"   ✗ {line}", style="red", markup=False, soft_wrap=True)
    verdict = "[red]NOT as it must be[/red]" if wrong else "[green]every object is accounted for[/green]"
    console.print(f"\n{verdict}, {time.monotonic() - begun:.0f} s in all")
    return 1 if wrong else 0


def show_gate(console: Console, folder: Path) -> None:
    """Preview the broken program; that it is not stopped, or not by the right rules, is an error."""
    variant = write_variant(folder / "broken", two_faults)
    with preview_engine(folder / "gate", variant) as engine:
        engine.select("dev")
        run = engine.preview()
    text = ANSI.sub("", run.output)
    missing = [
        rule for rule, finding in FINDINGS_OF_THE_FAULTS.items() if rule not in text or finding not in text
    ]
    if run.status == 0 or missing:
        raise LocalStackError(f"the pack did not stop the broken program (missing: {missing}):\n{run.output}")
    console.print(f"   blocked, exit status {run.status}:")
    for line in text.partition("Policies:")[2].partition("Diagnostics:")[0].splitlines():
        if line.strip():
            console.print(f"   {line}", markup=False, style="dim", soft_wrap=True)


def show_previews(console: Console, folder: Path) -> None:
    """Preview dev and prod; a violation, or anything undetermined, is an error."""

    def preview(stack: str) -> Run:
        with preview_engine(folder / stack) as engine:
            engine.select(stack)
            return engine.preview()

    stacks = ("dev", "prod")
    with ThreadPoolExecutor() as pool:
        for stack, run in zip(stacks, pool.map(preview, stacks), strict=True):
            _require_clean(run, f"the preview of {stack}")
            console.print(f"   {stack}: no violation, nothing undetermined")


def _require_clean(run: Run, what: str) -> None:
    words = ("[mandatory]", "[advisory]")
    if run.status or PACK_PASSED not in run.output or any(word in run.output for word in words):
        raise LocalStackError(f"{what} is not clean:\n{run.output}")


def _deploy(console: Console, stack: LocalStack) -> None:
    begun = time.monotonic()
    _require_clean(stack.deploy(), "the deployment")
    status = stack.status()
    created, recorded = sum(status["emulated"].values()), sum(status["recorded"].values())
    seconds = time.monotonic() - begun
    console.print(f"   {created} resources in moto, {recorded} in state only; no violation; {seconds:.1f} s")


def put_and_account(console: Console, stack: LocalStack) -> list[str]:
    """Put the demo's input, wait until it is worked off, and say what is not as it must be."""
    names = Names.of(stack)
    worker = stack.client("lambda", names.region).get_function_configuration(FunctionName=names.worker)
    plan = generate(int(worker["Environment"]["Variables"]["MAX_OBJECT_BYTES"]))
    expected = plan.expected()
    title = (
        f"4  {len(plan.uploads)} objects put, {len(plan.replayed)} events replayed, one unreadable message, "
        "trouble made, keys administered"
    )
    with _part(console, title):
        found = _process(console, stack, names, plan, expected)
        _print_counts(console, expected, found)
        wrong = differences(expected, found)
        wrong += Trouble(stack=stack, names=names, seconds=WAIT_SECONDS).make()
        Administration(stack=stack, names=names).carry_out()
        wrong += [*_denials(console, stack), *_proof(console, stack)]
    return wrong


def _process(console: Console, stack: LocalStack, names: Names, plan: Plan, expected: Expected) -> Found:
    columns = (
        TextColumn("   {task.description:<10}"),
        BarColumn(40),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        put = progress.add_task("put", total=len(plan.uploads))
        versions = put_all(stack, names, plan, lambda count: progress.advance(put, count))
        worked = progress.add_task("worked off", total=sum(expected.statuses.values()))

        def show(recorded: int) -> None:
            progress.update(worked, completed=recorded)

        wait_for(stack, names, show, WAIT_SECONDS)
        replay(stack, names, plan, versions)
        return wait_for(stack, names, show, WAIT_SECONDS)


def _print_counts(console: Console, expected: Expected, found: Found) -> None:
    table = Table(box=None, padding=(0, 3))
    table.add_column("")
    table.add_column("found", justify="right")
    table.add_column("must be", justify="right")
    for status in sorted(expected.statuses.keys() | found.statuses.keys()):
        table.add_row(f"recorded {status}", str(found.statuses[status]), str(expected.statuses[status]))
    table.add_row("keys whose latest version is right", str(len(found.latest)), str(len(expected.latest)))
    table.add_row("objects in quarantine", str(found.quarantined), str(expected.quarantined))
    table.add_row("messages in the dead-letter queue", str(found.dead_letters), str(expected.dead_letters))
    console.print(table)


def _denials(console: Console, stack: LocalStack) -> list[str]:
    """Every call was judged by the deployed policies: none may have been denied, but for the trouble made."""
    status = stack.status()
    denials = [denial for denial in status["denials"] if not is_on_purpose(denial)]
    on_purpose = len(status["denials"]) - len(denials)
    console.print(f"   calls denied by the deployed policies: {len(denials)}, and {on_purpose} on purpose")
    faults = {"denied": denials, "could not be judged": status["errors"], "problem": status["problems"]}
    return [f"{what}: {fault}" for what, found in faults.items() for fault in found]


def _proof(console: Console, stack: LocalStack) -> list[str]:
    """Every part of every deployed policy must have been needed by a call, or have stopped one."""
    proof = stack.proof()
    left = review(proof["survivors"])
    statements, untested = proof["allows"] + proof["denies"], len(proof["survivors"]) - len(left.unneeded)
    console.print(
        f"   every grant was needed: {statements} statements, {proof['actions']} actions"
        f" (but {untested} that are reviewed, as nothing here can need them)",
        soft_wrap=True,
    )
    return [f"granted, and never needed: {part}" for part in left.unneeded] + [
        f"reviewed as never needed, but it was: {pattern}" for pattern in left.outdated
    ]
