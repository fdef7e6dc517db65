"""The commands of the local stack."""

import re
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError
from rich.console import Console
from rich.table import Table

from local.commands.look import logs, redrive, status
from local.commands.status import apis
from local.console import console
from local.demo.readback import Names
from local.errors import LocalStackError
from local.faults import commands as fault_commands
from local.folder import (
    CHOSEN,
    NAME,
    chosen_folder,
    command,
    end_of,
    is_running,
    remove_leftover,
    start_anew,
)
from local.stack import TIME_SCALE, LocalStack
from local.toolchain import ROOT

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(fault_commands.app, name="fault")
for look in (status, logs, redrive):
    app.command()(look)

EMULATED = """\
Emulated here: AWS by moto in memory (account 123456789012), Lambda by processes of this machine,
GuardDuty's malware scan by a search for the EICAR test string. Calls of functions, what services do with
roles and keys, and what they deliver to one another are judged by the deployed policies. Alarms tell their
topics when their state is set; they watch no metric. Dashboards, mail and life cycles do nothing."""


@app.callback()
def choose(
    name: Annotated[
        str,
        typer.Option(
            envvar="LOCAL_STACK",
            help="Which local stack; stacks of different names run side by side and share nothing.",
        ),
    ] = NAME,
) -> None:
    """Run the systems on this machine, without an AWS account."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,19}", name):
        raise LocalStackError(f"{name!r} names no stack; take up to 20 of a-z, 0-9 and -")
    CHOSEN.set(name)


@app.command()
def up(
    time_scale: Annotated[float | None, typer.Option(help="Divide the cloud's waits by this.")] = None,
) -> None:
    """Deploy stack `local` with the policy pack in front, and keep it running; again: bring it up to date."""
    stack = _started(chosen_folder(), time_scale)
    begun = time.monotonic()
    run = stack.deploy(ROOT, show=True, say=_say)
    if run.status:
        ended = end_of(stack.folder)
        down = command(stack.folder, "down")
        raise LocalStackError(
            f"{ended}; {start_anew(stack.folder)}"
            if ended
            else f"the deployment failed; what it had created is still there ({down})"
        )
    console.print(f"\nDeployed in {time.monotonic() - begun:.0f} s.")
    known = stack.status()
    _print_deployed(known)
    if known["apis"]:
        console.print("\nREST APIs are served here:", apis(known))
    _print_what_to_try(stack)


def _started(folder: Path, time_scale: float | None) -> LocalStack:
    """Return the running stack, or a new one where none runs (any more)."""
    if is_running(folder) and not end_of(folder):
        stack = LocalStack.attach(folder)
        if time_scale not in (None, stack.time_scale):
            raise LocalStackError(
                f"the running stack divides waits by {stack.time_scale:g}; stop it: {command(folder, 'down')}"
            )
        return stack
    if reason := end_of(folder):
        _say(f"{reason}; starting anew")
    remove_leftover(folder)
    console.print(EMULATED, style="dim", soft_wrap=True)
    stack = LocalStack.start(folder, time_scale or TIME_SCALE, detached=True)
    console.print(f"Waits of the cloud are divided by {stack.time_scale:g}.\n", style="dim")
    return stack


def _say(text: str) -> None:
    console.print(text, style="yellow", markup=False, soft_wrap=True)


def _print_deployed(status: dict[str, Any]) -> None:
    emulated, recorded = status["emulated"], status["recorded"]
    console.print(
        f"{sum(emulated.values())} resources exist in moto; {sum(recorded.values())} only in state:"
    )
    names = [f"{number} {kind.rsplit(':', 1)[1]}" for kind, number in recorded.items()]
    console.print(f"  {', '.join(names)}", style="dim", soft_wrap=True)


def _print_what_to_try(stack: LocalStack) -> None:
    def line(*words: str) -> str:
        return f".venv/bin/{command(stack.folder, *words)}"

    lines = [
        f"echo hello | {line('put notes/hello.txt --type text/plain')}",
        line("record notes/hello.txt"),
        line("logs --follow"),
        line("status"),
    ]
    console.print(f"\nTry (any AWS client works too, with endpoint {stack.endpoint}):")
    for text in lines:
        console.print(f"  {text}", soft_wrap=True)
    console.print(f"Stop it with: {line('down')}")


@app.command()
def put(
    key: Annotated[str, typer.Argument(help="The object's key in the intake bucket.")],
    file: Annotated[Path | None, typer.Argument(help="The content; standard input without it.")] = None,
    content_type: Annotated[str, typer.Option("--type", help="The content type.")] = "application/json",
) -> None:
    """Put an object into the intake bucket of system `objects`."""
    stack = LocalStack.attach(chosen_folder())
    names = Names.of(stack)
    body = file.read_bytes() if file else sys.stdin.buffer.read()
    s3 = stack.client("s3", names.region)
    done = s3.put_object(Bucket=names.intake, Key=key, Body=body, ContentType=content_type)
    console.print(f"put {len(body)} bytes as version {done['VersionId']}")


@app.command()
def record(key: Annotated[str, typer.Argument(help="The object's key in the intake bucket.")]) -> None:
    """Show what is recorded of an object: one item for each version, and which one is the latest."""
    stack = LocalStack.attach(chosen_folder())
    names = Names.of(stack)
    found = stack.client("dynamodb", names.region).query(
        TableName=names.records,
        KeyConditionExpression="objectId = :id",
        ExpressionAttributeValues={":id": {"S": f"{names.intake}#{key}"}},
    )
    reader = TypeDeserializer()
    items = [{name: reader.deserialize(value) for name, value in item.items()} for item in found["Items"]]
    if not items:
        raise LocalStackError(f"nothing is recorded of {key!r} (yet)")
    for item in items:
        table = Table(show_header=False, box=None)
        for name, value in sorted(item.items()):
            table.add_row(name, str(value))
        console.print(table, "")


@app.command()
def demo() -> None:
    """Show the gate, deploy, put a few hundred objects, and account for every one; then clean up."""
    from local.demo.show import run_demo

    raise typer.Exit(run_demo(console))


@app.command()
def down(
    force: Annotated[bool, typer.Option("--force", help="Do not destroy through the engine first.")] = False,
) -> None:
    """Destroy what is deployed, stop every process and remove the files."""
    folder = chosen_folder()
    if end_of(folder) or not is_running(folder):
        console.print(
            "removed what a stopped stack left" if remove_leftover(folder) else "no local stack is running"
        )
        return
    stack = LocalStack.attach(folder)
    run = None
    try:
        run = None if force else stack.destroy(say=_say)
    finally:
        stack.stop()
    if run and run.status:
        raise LocalStackError(f"the local stack is stopped, but destroying it failed:\n{run.output}")
    console.print("the local stack is gone")


def main() -> None:
    """Run the command line; an expected error is one message and exit status 1."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # clean up then, too
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        app(prog_name="python -m local")
    except (LocalStackError, BotoCoreError) as error:
        folder = chosen_folder()
        text = str(error)
        if isinstance(error, BotoCoreError):  # the cloud does not answer
            text = f"{end_of(folder) or error}; {start_anew(folder)}"
        Console(stderr=True, highlight=False).print(
            f"error: {text}", style="red", soft_wrap=True, markup=False
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
