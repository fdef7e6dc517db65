"""The page about the local stack says something of everything that it lists."""

import re

from local.page import page


def test_no_cell_of_a_table_is_empty() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| ")]

    assert len(rows) > 500
    assert [row for row in rows if re.search(r"\|\s*\|", row)] == []
