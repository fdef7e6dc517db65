"""What holds for every test."""

import pytest
from hypothesis import settings

# How long an example takes says nothing about what is tested.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the scores that tests recorded, at the end, where they are seen."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name.endswith("score"):
                terminalreporter.section(name)
                terminalreporter.line(str(value))
