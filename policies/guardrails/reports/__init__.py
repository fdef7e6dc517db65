"""A run's report in every format that people and machines read. Each is a function of the report alone."""
