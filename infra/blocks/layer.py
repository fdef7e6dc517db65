"""The layer that holds the dependencies of a system's functions."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.blocks.function import RUNTIME
from infra.naming import Kind, Scope


@dataclass(frozen=True, kw_only=True)
class LayerArgs:
    """The packaged dependencies and the processor that they were built for."""

    scope: Scope
    archive: pulumi.Input[pulumi.Archive]
    architecture: Literal["arm64", "x86_64"]


class Layer(pulumi.ComponentResource):
    """A layer version; a changed one is made before the old one goes: no function is ever without."""

    def __init__(self, name: str, args: LayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Layer", name, {}, opts)
        layer = aws.lambda_.LayerVersion(
            name,
            layer_name=args.scope.name(Kind.LAYER, "dependencies"),
            description="What the functions import beside the runtime's own packages",
            code=args.archive,
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[args.architecture],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn: pulumi.Output[str] = layer.arn
        self.register_outputs({"layerArn": self.arn})
