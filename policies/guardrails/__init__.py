"""Guardrails for serverless systems on AWS: a CrossGuard policy pack."""
