"""The rule on code that the others cannot see: one report for each function, not one by each rule on code."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.code import READS, read_python
from guardrails.framework.examples import python_function, resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_HANDLER: Final = "def handler(event, context):\n    return None\n"
_HERE: Final = stack(python_function("worker", _HANDLER))


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-OPS-5", "CC-REL-1", "CC-REL-4", "SP-13", "SP-17"),
    fixes={"lambda.Function": 'code=pulumi.FileArchive("functions/worker")'},
    reads=(*READS, "lambda.Function.packageType"),
    passes={
        "code in the program": _HERE,
        "a package type: Zip is what an archive of the program is": stack(
            python_function("worker", _HANDLER, packageType="Zip", handler="app.handler")
        ),
        "code in a bucket: it is for Node.js, which is never read": stack(
            resource("lambda.Function", "web", runtime="nodejs22.x", s3Bucket="b", s3Key="web.zip")
        ),
    },
    fails={
        "has its code in a bucket": _HERE.but("worker", code=None, s3Bucket="artefacts", s3Key="worker.zip"),
        "has its code in a container image": stack(
            resource("lambda.Function", "worker", packageType="Image", imageUri="shop@sha256:1f")
        ),
    },
)
def code_readable(function: Node) -> Iterator[str]:
    """Python functions get their code from the program, where the rules on code can read it.

    Where the code is in a bucket or an image, those rules say nothing, and this one says so once: whoever
    exempts a function from it answers for its code. Functions in other languages are never read.
    """
    if function.inputs.text("packageType") == "Image":
        yield "has its code in a container image, where no rule on code can read it"
    elif read_python(function) is None and function.inputs.text("runtime").startswith("python"):
        yield "has its code in a bucket, where no rule on code can read it"
