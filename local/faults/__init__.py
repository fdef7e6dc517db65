"""Faults on demand: calls and deliveries fail, are late or come twice, functions die, queues stand still."""

from local.faults.fault import Fault
from local.faults.plan import Faults

__all__ = ["Fault", "Faults"]
