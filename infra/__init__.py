"""The infrastructure of the five systems: settings, names, permissions, packaging, blocks and systems."""
