"""What every rule stands on: declaration, graph, unknowns, levels and the adapter to Pulumi's SDK."""
