"""What this stack consists of: settings, foundation, systems, outputs."""

import pulumi

from infra.foundation import Foundation, FoundationArgs
from infra.packaging import code_archive, layer_archive
from infra.settings import Settings
from infra.systems.objects import Objects, ObjectsArgs

settings = Settings.load()
dependencies = layer_archive(settings.layer_platform)

foundation = Foundation("foundation", FoundationArgs(settings=settings))
objects = Objects(
    "objects",
    ObjectsArgs(
        settings=settings,
        code=code_archive("objects"),
        dependencies=dependencies,
        alerts_topic_arn=foundation.alerts.arn,
    ),
)
foundation.admit(objects.publishers)

pulumi.export("foundation", foundation.outputs)
pulumi.export("objects", objects.outputs)
