"""The S3 object processor.

    upload ──► bucket intake ──► malware scan ──► rule scanned ──► queue work ──► worker ──► table records
                                       └──► rule infected ──► queue infected ──► quarantine ──► its bucket
                                                                                     └──► alerts topic

Nobody reads an object before the scan found it clean. What cannot be delivered, or fails five times, is kept
in dead-letter queues; both functions work once per object version, by the table idempotency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi

from infra.blocks.alarms import Alarms, AlarmsArgs
from infra.blocks.dashboard import Dashboard, DashboardArgs
from infra.blocks.function import FunctionArgs
from infra.blocks.key import Key, KeyArgs, KeyPolicy, KeyPolicyArgs
from infra.blocks.layer import Layer, LayerArgs
from infra.blocks.queue import DeadLetterQueue, DeadLetterQueueArgs
from infra.blocks.queue_worker import QueueWorker, QueueWorkerArgs
from infra.blocks.role import Role, RoleArgs
from infra.blocks.scan_gate import ScanGate, ScanGateArgs, scanner_role
from infra.permissions import Statement
from infra.sections import FunctionSettings
from infra.settings import Settings
from infra.systems import objects_access as access
from infra.systems import objects_watch as watch
from infra.systems.objects_stores import Stores, StoresArgs, build_stores


@dataclass(frozen=True, kw_only=True)
class ObjectsArgs:
    """The stack's settings, the packaged code and dependencies, and the topic that is told."""

    settings: Settings
    code: pulumi.Input[pulumi.Archive]
    dependencies: pulumi.Input[pulumi.Archive]
    alerts_topic_arn: pulumi.Output[str]


class Objects(pulumi.ComponentResource):
    """The whole system, from upload to record."""

    def __init__(self, name: str, args: ObjectsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:systems:Objects", name, {}, opts)
        self._name, self._args, self._settings = name, args, args.settings.objects
        self._scope = args.settings.scope(name, self._settings.data_classification)
        self._child = pulumi.ResourceOptions(parent=self)

        self._key = self._build_key()
        self._roles = self._build_roles()
        self._key_policy = self._build_key_policy()
        self._stores = self._build_stores()
        self._gate = self._build_gate()
        self._layer = self._build_layer()
        self._undelivered = self._build_undelivered()
        self._worker = self._build_worker()
        self._quarantine = self._build_quarantine()
        self._dashboard = self._build_watch()

        self.publishers: Sequence[Role] = [self._roles.quarantine]
        self.outputs = self._collect_outputs()
        self.register_outputs(self.outputs)

    def _build_key(self) -> Key:
        key = KeyArgs(
            scope=self._scope,
            description="Encrypts everything that the object processor stores",
            deletion_window_days=self._args.settings.key_deletion_days,
            protect=self._args.settings.protect_data,
        )
        return Key(self._name, key, self._child)

    def _build_roles(self) -> access.Roles:
        return access.Roles(
            worker=self._function_role("worker", "Records clean objects"),
            quarantine=self._function_role("quarantine", "Moves infected objects to quarantine"),
            scanner=scanner_role(f"{self._name}-scan", self._scope, self._child),
        )

    def _function_role(self, purpose: str, description: str) -> Role:
        role = RoleArgs(
            scope=self._scope, purpose=purpose, description=description, service="lambda.amazonaws.com"
        )
        return Role(f"{self._name}-{purpose}", role, self._child)

    def _build_key_policy(self) -> KeyPolicy:
        policy = KeyPolicyArgs(
            scope=self._scope,
            key=self._key,
            account_services=["dynamodb", "lambda", "s3", "sqs"],
            grant_services=["dynamodb", "lambda"],
            uses=access.key_uses(self._scope, self._roles),
        )
        return KeyPolicy(self._name, policy, self._child)

    def _build_stores(self) -> Stores:
        stores = StoresArgs(
            scope=self._scope,
            settings=self._settings,
            key_arn=self._key.arn,
            protect=self._args.settings.protect_data,
            intake_policy=partial(access.intake_policy, self._roles),
            quarantine_policy=partial(access.quarantine_policy, self._roles),
        )
        return build_stores(self._name, stores, self._child)

    def _build_gate(self) -> ScanGate:
        gate = ScanGateArgs(
            scope=self._scope,
            bucket=self._stores.intake,
            scanner=self._roles.scanner,
            key_policy=self._key_policy,
        )
        return ScanGate(f"{self._name}-scan", gate, self._child)

    def _build_layer(self) -> Layer:
        layer = LayerArgs(
            scope=self._scope,
            archive=self._args.dependencies,
            architecture=self._args.settings.processor,
        )
        return Layer(self._name, layer, self._child)

    def _build_undelivered(self) -> DeadLetterQueue:
        rules = (self._gate.scanned_rule, self._gate.infected_rule)
        undelivered = DeadLetterQueueArgs(
            scope=self._scope,
            purpose="undelivered",
            key_arn=self._key.arn,
            rules=[rule.apply(self._scope.rule_arn) for rule in rules],
        )
        return DeadLetterQueue(f"{self._name}-undelivered", undelivered, self._child)

    def _build_worker(self) -> QueueWorker:
        function = self._function(
            "worker",
            handler="objects.handler.handler",
            description="Checks and records each clean object version once",
            sizes=self._settings.worker,
            role=self._roles.worker,
            permissions=access.worker_permissions(self._stores),
            environment={
                "MAX_OBJECT_BYTES": str(self._settings.max_object_mb * 1024 * 1024),
                "ALLOWED_CONTENT_TYPES": ",".join(self._settings.allowed_content_types),
            },
        )
        return self._queue_worker("work", self._gate.scanned_rule, function, self._settings.worker)

    def _build_quarantine(self) -> QueueWorker:
        topic_arn = self._args.alerts_topic_arn
        function = self._function(
            "quarantine",
            handler="objects.quarantine_handler.handler",
            description="Moves each infected object version to quarantine and reports it",
            sizes=self._settings.quarantine,
            role=self._roles.quarantine,
            permissions=access.quarantine_permissions(self._stores, topic_arn),
            environment={
                "QUARANTINE_BUCKET": self._stores.quarantine.name,
                "ALERTS_TOPIC_ARN": topic_arn,
            },
        )
        return self._queue_worker("infected", self._gate.infected_rule, function, self._settings.quarantine)

    def _function(
        self,
        purpose: str,
        *,
        handler: str,
        description: str,
        sizes: FunctionSettings,
        role: Role,
        permissions: Sequence[Statement],
        environment: Mapping[str, pulumi.Input[str]],
    ) -> FunctionArgs:
        """Return a function with what both have in common."""
        settings = self._args.settings
        return FunctionArgs(
            scope=self._scope,
            purpose=purpose,
            description=description,
            handler=handler,
            code=self._args.code,
            layer_arn=self._layer.arn,
            architecture=settings.processor,
            memory_mb=sizes.memory_mb,
            timeout_seconds=sizes.timeout_seconds,
            reserved_concurrency=sizes.reserved_concurrency,
            environment={**self._common_environment(), **environment},
            log_level=settings.log_level,
            log_retention_days=settings.log_retention_days,
            key_arn=self._key.arn,
            key_policy=self._key_policy,
            role=role,
            permissions=permissions,
        )

    def _common_environment(self) -> dict[str, pulumi.Input[str]]:
        return {
            "POWERTOOLS_SERVICE_NAME": self._scope.system,
            "POWERTOOLS_METRICS_NAMESPACE": self._scope.metrics_namespace,
            "POWERTOOLS_LOG_LEVEL": self._args.settings.log_level,
            "RECORDS_TABLE": self._stores.records.name,
            "IDEMPOTENCY_TABLE": self._stores.idempotency.name,
            "INTAKE_BUCKET": self._stores.intake.name,
            "RECORD_SHARDS": str(self._settings.record_shards),
            "IDEMPOTENCY_HOURS": str(self._settings.idempotency_hours),
        }

    def _queue_worker(
        self, queue: str, rule: pulumi.Output[str], function: FunctionArgs, sizes: FunctionSettings
    ) -> QueueWorker:
        args = QueueWorkerArgs(
            queue_purpose=queue,
            rule_name=rule,
            undelivered=self._undelivered,
            function=function,
            batch_size=sizes.batch_size,
            batch_window_seconds=sizes.batch_window_seconds,
            maximum_concurrency=sizes.maximum_concurrency,
        )
        return QueueWorker(f"{self._name}-{function.purpose}", args, self._child)

    def _build_watch(self) -> Dashboard:
        parts = watch.Parts(
            gate=self._gate,
            worker=self._worker,
            quarantine=self._quarantine,
            undelivered=self._undelivered,
            stores=self._stores,
        )
        alarms = AlarmsArgs(
            scope=self._scope,
            topic_arn=self._args.alerts_topic_arn,
            alarms=watch.alarms(self._scope, parts),
            anomalies=watch.anomalies(self._scope),
        )
        alarm_arns = Alarms(self._name, alarms, self._child).arns
        rows = watch.graphs(self._scope, parts)
        return Dashboard(
            self._name, DashboardArgs(scope=self._scope, alarm_arns=alarm_arns, rows=rows), self._child
        )

    def _collect_outputs(self) -> dict[str, Any]:
        return {
            "intakeBucket": self._stores.intake.name,
            "quarantineBucket": self._stores.quarantine.name,
            "recordsTable": self._stores.records.name,
            "idempotencyTable": self._stores.idempotency.name,
            "worker": self._worker.outputs,
            "quarantine": self._quarantine.outputs,
            "undelivered": {"queueUrl": self._undelivered.url, "queueArn": self._undelivered.arn},
            "alertsTopicArn": self._args.alerts_topic_arn,
            "keyArn": self._key.arn,
            "keyAlias": self._key.alias,
            "dashboard": self._dashboard.name,
        }
