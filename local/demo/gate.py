"""Variants of the real program with something broken, to show (and to test) that the pack stops them.

A variant is a folder with nothing but a `__main__.py`: it registers a transformation that breaks inputs on
their way to the engine, then runs the program as it is.
"""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.toolchain import ROOT

type Break = Callable[[str, str, dict[str, Any]], dict[str, Any] | None]
"""Takes type token, logical name and inputs; returns the changed inputs, or None to leave them."""

ENTRY_POINT = '''"""The real program, with something broken."""

import json
import runpy
from typing import Any

import pulumi


{sources}

def transform(args):
    """Break what is to be broken."""
    props = dict(args.props)
    for change in [{names}]:
        props = change(args.type_, args.name, props) or props
    return pulumi.ResourceTransformationResult(props, args.opts)


pulumi.runtime.register_stack_transformation(transform)
runpy.run_path({program!r}, run_name="__main__")
'''


def write_variant(folder: Path, *changes: Break, program: Path = ROOT) -> Path:
    """Write a program that runs *program* with *changes* applied to every resource; return its folder.

    They are written out as source, so they may use nothing but builtins, `json`, `pulumi` and `Any`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources = "\n\n".join(inspect.getsource(change) for change in changes)
    names = ", ".join(change.__name__ for change in changes)
    main = str(program / "__main__.py")
    (folder / "__main__.py").write_text(ENTRY_POINT.format(sources=sources, names=names, program=main))
    return folder


def two_faults(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    """Switch versioning of the intake bucket off, and let a role do everything with S3."""
    if kind == "aws:s3/bucketVersioning:BucketVersioning" and "intake" in name:
        return props | {"versioning_configuration": {"status": "Suspended"}}
    if kind == "aws:iam/rolePolicy:RolePolicy" and "worker" in name:
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        return props | {"policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    return None
