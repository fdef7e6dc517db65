"""Metrics of stages: Count, 4XXError, 5XXError, Latency and IntegrationLatency, by API and by stage.

AWS: "Amazon API Gateway dimensions and metrics". What a moment brings is sent together.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.front.settings import Stage

_GATHER_SECONDS = 1.0
_MOST_VALUES = 150
"""Values that PutMetricData takes of one metric."""
type _Key = tuple[str, str, str]


class Metrics:
    """Gathers values, and sends them from a thread of its own; *client* makes one for a region."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._values: dict[_Key, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._stopping = threading.Event()
        self._problems: dict[str, None] = {}
        self._thread = threading.Thread(target=self._run, name="front-metrics", daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def stop(self) -> None:
        """Send what there is, and end."""
        self._stopping.set()
        self._thread.join()

    def add(self, stage: Stage, status: int, latency: float, integration: float | None) -> None:
        """Count one request; latencies in milliseconds."""
        values = {
            "Count": 1.0,
            "4XXError": float(400 <= status < 500),
            "5XXError": float(status >= 500),
            "Latency": latency,
            **({} if integration is None else {"IntegrationLatency": integration}),
        }
        with self._lock:
            for name, value in values.items():
                self._values[stage.region, stage.api_name, stage.name][name].append(value)

    def problems(self) -> list[str]:
        """Return why metrics could not be sent, each reason once."""
        with self._lock:
            return list(self._problems)

    def flush(self) -> None:
        """Send what has been gathered."""
        with self._lock:
            gathered, self._values = self._values, defaultdict(lambda: defaultdict(list))
        for (region, api, stage), metrics in gathered.items():
            named = [{"Name": "ApiName", "Value": api}]
            for dimensions in (named, [*named, {"Name": "Stage", "Value": stage}]):
                data = [
                    {
                        "MetricName": name,
                        "Dimensions": dimensions,
                        "Values": values[first : first + _MOST_VALUES],
                    }
                    for name, values in metrics.items()
                    for first in range(0, len(values), _MOST_VALUES)
                ]
                try:
                    self._client(region).put_metric_data(Namespace="AWS/ApiGateway", MetricData=data)
                except (ClientError, BotoCoreError) as error:
                    with self._lock:
                        self._problems[f"metrics of API {api!r}: {error}"] = None

    def _run(self) -> None:
        while not self._stopping.wait(_GATHER_SECONDS):
            self.flush()
        self.flush()
