"""Print the score and what the reviewed table does not explain: `python -m tests.mutation` in the project."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / folder) for folder in ("", "functions", "policies")]

from tests.mutation.page import PAGE, written  # noqa: E402  the path comes first
from tests.mutation.score import outcomes, patterns, score, unnamed  # noqa: E402
from tests.mutation.table import read_table, stale, unexplained  # noqa: E402

if sys.argv[1:] == ["docs"]:
    PAGE.write_text(written(PAGE.read_text()))
table = read_table()
print(*score(outcomes(), table), "", sep="\n")
print("Unexplained (kind | place | fault | resources):")
print(*patterns(unexplained(unnamed(), table)), sep="\n")
print("", "Globs of the table that no mutant needs:", *stale(unnamed(), table), sep="\n")
