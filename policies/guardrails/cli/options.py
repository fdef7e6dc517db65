"""The options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from guardrails.cli.formats import Format
from guardrails.framework.levels import Profile

StateOption = Annotated[
    str | None, typer.Option("--state", metavar="FILE", help="An exported state; - is standard input.")
]
StackOption = Annotated[
    str | None, typer.Option("--stack", metavar="NAME", help="A stack; an installed Pulumi exports it.")
]
FolderOption = Annotated[
    Path, typer.Option("--cwd", "-C", metavar="DIR", help="The program's folder, or one inside it.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="PATH", help="Another guardrails.yaml than the program's, or its folder."
    ),
]
ProfileOption = Annotated[
    Profile | None, typer.Option("--profile", help="Another profile than that of guardrails.yaml.")
]
FormatOption = Annotated[
    Format,
    typer.Option("--format", "-f", metavar="FORMAT", help="text, json, junit, sarif or markdown."),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report there.")
]
DecryptOption = Annotated[
    bool, typer.Option("--decrypt", help="With --stack: let Pulumi decrypt secrets, for rules to judge them.")
]
