"""What the moto process asks about a delivery, and what it is told."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One delivery: *kind* is a key of `DELIVERIES`, *source* and *target* are ARNs.

    *key* names the key behind the target where that is not deployed yet.
    """

    kind: str
    source: str
    target: str
    account: str
    region: str
    key: str = ""

    @classmethod
    def read(cls, given: dict[str, Any]) -> "Delivery":
        """Read a delivery from JSON."""
        return cls(**{name: str(given[name]) for name in cls.__dataclass_fields__})

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of a delivery: refused for a reason, or made *copies* times after *delay* seconds.

    None of it is lost on the way (0 copies), doubled or late, unless somebody disturbs deliveries on purpose.
    """

    refused: str = ""
    copies: int = 1
    delay: float = 0.0
