"""Components that every system is built from; none of them knows a system."""
