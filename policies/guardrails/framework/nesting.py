"""How deep and how large what somebody wrote may be, before anything walks it."""

from typing import Any, Final

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 1_000_000


def is_excessive(value: Any, *, values: int = MAX_VALUES) -> bool:
    """Tell whether plain *value* is too deep, or has more than so many values.

    What stands in several places counts in each: the aliases of YAML can make little text endless.
    """
    level, count = [value], 0
    for _ in range(MAX_DEPTH):
        holders = [each for each in level if isinstance(each, dict | list)]
        if not holders:
            return False
        count += sum(map(len, holders))
        if count > values:
            return True
        level = [inner for each in holders for inner in (each.values() if isinstance(each, dict) else each)]
    return True
