"""Print the score and what the reviewed table does not explain: `python -m tests.mutation` in the project."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / folder) for folder in ("", "functions", "policies")]

from tests.mutation.score import outcomes, patterns, score, survivors  # noqa: E402  the path comes first
from tests.mutation.table import read_table, stale, unexplained  # noqa: E402

table = read_table()
print(*score(outcomes(), table), "", sep="\n")
print("Unexplained survivors (kind | place | fault | resources):")
print(*patterns(unexplained(survivors(), table)), sep="\n")
print("", "Globs of the table that no survivor needs:", *stale(survivors(), table), sep="\n")
