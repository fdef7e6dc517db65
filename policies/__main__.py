"""The policy pack as Pulumi starts it. Only the pack's port may reach stdout."""

from guardrails.framework.pack import PolicyPack
from guardrails.rules import all_rules

PolicyPack("guardrails", all_rules())
