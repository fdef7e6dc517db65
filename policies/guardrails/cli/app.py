"""The command `guardrails`."""

import sys
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from guardrails.cli import catalogue
from guardrails.cli.baseline import exempt
from guardrails.cli.errors import InputError
from guardrails.cli.explained import explained, page_of
from guardrails.cli.formats import Format, put, rendered
from guardrails.cli.inputs import read_text
from guardrails.cli.judging import judged, state_text
from guardrails.cli.options import (
    ConfigOption,
    DecryptOption,
    FolderOption,
    FormatOption,
    OutputOption,
    ProfileOption,
    StackOption,
    StateOption,
)
from guardrails.cli.start import REFUSED
from guardrails.configuration_schema import as_text, configuration_schema
from guardrails.framework.configuration import FILE, program_root
from guardrails.framework.errors import GuardrailsError
from guardrails.framework.exemptions import today
from guardrails.framework.levels import Profile
from guardrails.framework.rule import Severity
from guardrails.framework.run import pack_version
from guardrails.reports.as_json import from_json
from guardrails.rules import all_rules

BLOCKED: Final = 1
BROKEN: Final = 3
_DAYS: Final = 365

HELP = """\
Judge the state of a stack by the rules of the policy pack, without its program and without AWS.

Exit status:

- 0: nothing stops the deployment, or there was nothing to judge
- 1: something stops it
- 2: the command, a file, guardrails.yaml or the installed pulumi-policy is not as it should be
- 3: guardrails itself has a defect
"""
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=HELP,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _top(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if show_version:
        typer.echo(f"guardrails {pack_version()}")
        raise typer.Exit


@app.command()
def check(
    state: StateOption = None,
    stack: StackOption = None,
    cwd: FolderOption = Path(),
    config: ConfigOption = None,
    profile: ProfileOption = None,
    format_: FormatOption = Format.TEXT,
    output: OutputOption = None,
    decrypt: DecryptOption = False,
) -> None:
    """Judge a stack that is deployed, by its state; exit with 1 if something would stop it.

    For example:

        pulumi stack export --stack prod | guardrails check --state -

        guardrails check --stack prod --format sarif --output guardrails.sarif

    No value of a property is ever printed. A secret that the state keeps encrypted is unknown to rules: one
    that needs it says "undetermined".
    """
    report = judged(state_text(state, stack, cwd, decrypt=decrypt), cwd, config, profile)
    put(rendered(report, format_, cwd, _width()), output, report)
    if not report.passed:
        raise typer.Exit(BLOCKED)


@app.command()
def report(
    file: Annotated[str, typer.Argument(metavar="REPORT.json", help="A JSON report; - is standard input.")],
    format_: FormatOption = Format.TEXT,
    cwd: FolderOption = Path(),
    output: OutputOption = None,
) -> None:
    """Turn a JSON report, of `check` or of the pack itself, into another format.

    The pack writes one where the environment variable GUARDRAILS_REPORT says. Exits with 0 whatever the
    report says, so that a pipeline's next step can publish it.

    For example:

        GUARDRAILS_REPORT=r.json pulumi preview --policy-pack policies

        guardrails report r.json --format markdown > comment.md
    """
    found = from_json(read_text(file, "the report"))
    put(rendered(found, format_, cwd, _width()), output, found)


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="A rule's id, such as s3-tls-only.")],
    examples: Annotated[bool, typer.Option("--examples", help="Show every example in full.")] = False,
    source: Annotated[bool, typer.Option("--source", help="Show the code of the check.")] = False,
    cwd: FolderOption = Path(),
) -> None:
    """Tell what a rule wants, why, on which findings it stands, and how to satisfy it.

    For example:

        guardrails explain s3-tls-only

        guardrails explain dead-letter-queues --examples | less
    """
    rules = all_rules()
    named = catalogue.rule_named(rule, rules)
    docs = page_of(named, cwd.resolve(), rules)
    typer.echo(explained(named, _width(), docs, examples=examples, source=source))


@app.command("list")
def list_rules(
    finding: Annotated[
        str | None, typer.Option(metavar="ID", help="Only rules that cite this finding.")
    ] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only rules of this severity.")] = None,
    profile: Annotated[Profile | None, typer.Option(help="Only rules of this profile.")] = None,
    format_: Annotated[
        catalogue.ListFormat, typer.Option("--format", "-f", help="The form of the list.")
    ] = catalogue.ListFormat.TEXT,
) -> None:
    """List the rules.

    For example:

        guardrails list --severity critical

        guardrails list --finding SP-5 --format json
    """
    cited = None if finding is None else catalogue.finding_named(finding)
    found = catalogue.chosen(all_rules(), cited, severity, profile)
    if format_ is catalogue.ListFormat.JSON:
        typer.echo(catalogue.as_json(found))
        return
    for line in catalogue.as_lines(found):
        typer.echo(line)
    if not found:
        typer.echo(catalogue.nothing(cited), err=True)


@app.command()
def schema() -> None:
    """Print the JSON schema of guardrails.yaml, by which editors complete and check it.

    For example:

        guardrails schema > guardrails.schema.json

    Then begin guardrails.yaml with: # yaml-language-server: $schema=guardrails.schema.json
    """
    typer.echo(as_text(configuration_schema(all_rules())), nl=False)


@app.command()
def baseline(
    owner: Annotated[str, typer.Option(help="Who answers for the exemptions.")],
    reason: Annotated[str, typer.Option(help="Why they may pass for now.")],
    days: Annotated[int, typer.Option(min=1, max=_DAYS, help="How many days they hold.")],
    state: StateOption = None,
    stack: StackOption = None,
    report_file: Annotated[
        str | None,
        typer.Option("--report", metavar="REPORT.json", help="A JSON report of check or the pack."),
    ] = None,
    cwd: FolderOption = Path(),
    config: ConfigOption = None,
    decrypt: DecryptOption = False,
) -> None:
    """Write what stops the deployment today into guardrails.yaml as exemptions that end, to start from there.

    The rest of the file, comments too, stays as it is. Run again, it adds only what is new; it never
    lengthens an exemption.

    For example:

        guardrails baseline --stack prod --owner platform --reason "before the pack" --days 90
    """
    if report_file is None:
        found = judged(state_text(state, stack, cwd, decrypt=decrypt), cwd, config)
    elif state is None and stack is None:
        found = from_json(read_text(report_file, "the report"))
    else:
        raise InputError("name one source: --report, --state or --stack")
    folder = program_root(cwd.resolve()) if config is None else config
    path = folder / FILE if folder.is_dir() else folder
    said = exempt(found, path, reason=reason, owner=owner, expires=today() + timedelta(days=days))
    typer.echo(said)


def _width() -> int:
    """Return the width for text: the terminal's, within what is pleasant to read."""
    console = Console()
    return min(100, max(60, console.width)) if console.is_terminal else 100


def main() -> None:
    """Run the command; what is wrong is one sentence, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="guardrails")
    except GuardrailsError as error:
        _fail(str(error), REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as defect:  # noqa: BLE001  its text may hold what nobody should read
        frame = traceback.extract_tb(defect.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        _fail(f"guardrails has a defect ({type(defect).__name__} at {place}); please report it", BROKEN)


def _fail(message: str, status: int) -> None:
    Console(stderr=True, highlight=False).print(
        f"error: {message}", style="red", soft_wrap=True, markup=False
    )
    sys.exit(status)
