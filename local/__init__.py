"""Everything that replaces AWS and the Pulumi installation on one machine."""
