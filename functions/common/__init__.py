"""What every function stands on: settings, clients, telemetry, idempotency; thin over Powertools."""
