"""What the pack relies on in Pulumi's policy SDK, verified when the pack starts.

The SDK has no public way to learn the stack, to give one diagnostic its own level or to share work between
policies: its analyzer servicer is replaced. A release that changes what stands behind a name would let
the pack judge by halves: any other version than the known one is refused, and of the known one each private
name and the way that values arrive are tried.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final

from guardrails.framework.errors import SdkChangedError

KNOWN_VERSION: Final = "1.21.0"
SERVICER: Final = "_PolicyAnalyzerServicer"
_METHODS: Final = {
    "Analyze": ["self", "request", "_context"],
    "AnalyzeStack": ["self", "request", "_context"],
    "Configure": ["self", "request", "_context"],
    "ConfigureStack": ["self", "request", "_context"],
    "GetAnalyzerInfo": ["self", "_request", "_context"],
    "Remediate": ["self", "request", "_context"],
    "_convert_enforcement_level": ["self", "enforcement_level"],
}
_SIG: Final = "4dabf18193072939515e22adb298388d"
_TEXT: Final = {_SIG: "c44067f5952c0a294b673a41bacd8c17", "text": "t"}
_SENT: Final = {
    "secret": {_SIG: "1b47061264138c4ac30d75fd1eb44270", "value": "s"},
    "unknown": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "text": _TEXT,
    "files": {_SIG: "0def7320c3a5731c473e5ecbe6d01bc7", "assets": {"a": _TEXT}},
}
"""Properties as the engine sends them: its signatures and its sentinel, whatever the SDK calls them."""


def refused(what: str) -> SdkChangedError:
    """Return the error for an SDK that *what* is wrong with."""
    return SdkChangedError(
        f"pulumi-policy {what}; this pack is written against {KNOWN_VERSION}: "
        f"install pulumi-policy=={KNOWN_VERSION}, or adapt guardrails/framework/sdk.py"
    )


def check_version(version: str) -> None:
    """Refuse another SDK than the known one, whose names may be the same and mean something else.

    Raises
    ------
    SdkChangedError
        It has another version.
    """
    if version != KNOWN_VERSION:
        raise refused(f"has version {version}")


def checked_servicer(module: Any) -> Any:
    """Return *module*'s analyzer servicer class, after a look at every private name the pack relies on.

    Raises
    ------
    SdkChangedError
        A name is gone or takes other parameters.
    """
    servicer = getattr(module, SERVICER, None)
    if not inspect.isclass(servicer):
        raise refused(f"has no {SERVICER}")
    for name, expected in _METHODS.items():
        method = getattr(servicer, name, None)
        if not callable(method):
            raise refused(f"has no {SERVICER}.{name}")
        if (found := list(inspect.signature(method).parameters)) != expected:
            raise refused(f"declares {SERVICER}.{name}({', '.join(found)})")
    if SERVICER not in inspect.getsource(module.PolicyPack.__init__):
        raise refused(f"no longer serves PolicyPack by {SERVICER}")
    return servicer


def check_values(
    read: Callable[[dict[str, Any]], dict[str, Any]],
    proxied: Callable[[dict[str, Any]], Any],
    unknown: type[Exception],
) -> None:
    """Try how a secret, an unknown, an asset and an archive arrive, by a round trip through the SDK.

    Raises
    ------
    SdkChangedError
        One arrives as something else, or the unknown can be read.
    """
    try:
        plain = read(dict(_SENT))
        arrived = (plain["secret"], plain["text"].text, plain["files"].assets["a"].text)
        seen = proxied(plain)
    except Exception as broken:
        raise refused(f"cannot read a secret, an unknown, an asset and an archive ({broken!r})") from broken
    if arrived != ("s", "t", "t"):
        raise refused("reads a secret, an asset or an archive as something else")
    try:
        seen["unknown"]
    except unknown:
        return
    raise refused("lets a value be read that is not known yet")
