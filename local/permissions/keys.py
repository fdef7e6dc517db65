"""The condition keys that a judgement can answer truthfully, and their values in one request.

A key is listed only if the request context holds its true value, or if it is truly absent from calls on the
local stack. Any other key, such as `aws:SourceIp`, would be answered with a guess and is therefore an error.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from local.permissions.errors import PolicyError

_SINGLE = """
aws:CurrentTime aws:EpochTime aws:PrincipalAccount aws:PrincipalArn
aws:PrincipalIsAWSService aws:PrincipalServiceName aws:PrincipalType aws:RequestedRegion aws:ResourceAccount
aws:SecureTransport aws:SourceAccount aws:SourceArn aws:ViaAWSService
cloudwatch:namespace
events:ManagedBy events:detail-type events:source
kms:CallerAccount kms:GrantIsForAWSResource kms:ViaService
lambda:SourceFunctionArn
s3:ResourceAccount s3:TlsVersion s3:VersionId s3:delimiter s3:max-keys s3:prefix s3:x-amz-acl
s3:x-amz-copy-source s3:x-amz-metadata-directive s3:x-amz-server-side-encryption
s3:x-amz-server-side-encryption-aws-kms-key-id s3:x-amz-storage-class
"""
_MULTIPLE = "aws:PrincipalServiceNamesList kms:EncryptionContextKeys s3:RequestObjectTagKeys"
_FAMILIES = ("s3:existingobjecttag/", "s3:requestobjecttag/", "kms:encryptioncontext:")

_SINGLE_KEYS = frozenset(_SINGLE.lower().split())
_MULTIPLE_KEYS = frozenset(_MULTIPLE.lower().split())

type Values = str | Sequence[str]
type Tags = Callable[[], Mapping[str, str]]


@lru_cache(maxsize=4096)
def normalised(key: str) -> str:
    """Return *key* with its case-insensitive part in lower case; a tag key behind it stays as it is."""
    for family in _FAMILIES:
        if key.lower().startswith(family):
            return family + key[len(family) :]
    return key.lower()


@lru_cache(maxsize=4096)
def is_known(key: str) -> bool:
    """Whether a judgement can answer what the value of *key* is, be it absent."""
    return key.lower() in _SINGLE_KEYS | _MULTIPLE_KEYS or key.lower().startswith(_FAMILIES)


def is_multivalued(key: str) -> bool:
    """Whether AWS wants ForAllValues or ForAnyValue in front of an operator on *key*."""
    return key.lower() in _MULTIPLE_KEYS


class Context:
    """The condition values of one request.

    *existing_tags* answers `s3:ExistingObjectTag/…`; it is asked only when a statement looks, at most once.
    A key without any value is absent.
    """

    def __init__(self, values: Mapping[str, Values], existing_tags: Tags | None = None) -> None:
        self._values = {
            normalised(key): (value,) if isinstance(value, str) else tuple(value)
            for key, value in values.items()
            if value
        }
        if unknown := [key for key in values if not is_known(key)]:
            raise PolicyError(
                f"request context holds {unknown[0]!r}, which is missing in the table of known keys"
            )
        self._existing_tags = existing_tags
        self._tags: Mapping[str, str] | None = None

    def get(self, key: str) -> tuple[str, ...] | None:
        """Return the values of *key*, None where the request does not have it."""
        family = _FAMILIES[0]
        name = normalised(key)
        if not name.startswith(family) or self._existing_tags is None:
            return self._values.get(name)
        if self._tags is None:
            self._tags = self._existing_tags()
        tag = self._tags.get(name[len(family) :])
        return None if tag is None else (tag,)

    def settled(self) -> "Context":
        """Return a context that holds what this one has looked up, and never looks anything up again."""
        family = _FAMILIES[0]
        tags = {family + name: (value,) for name, value in (self._tags or {}).items()}
        settled = Context({})
        settled._values = {**self._values, **tags}
        return settled

    def with_values(self, values: Mapping[str, tuple[str, ...] | None]) -> "Context":
        """Return a settled context in which *values* stand for what is here; None takes a key away."""
        changed = self.settled()
        for key, value in values.items():
            changed._values.pop(normalised(key), None)
            if value:
                changed._values[normalised(key)] = value
        return changed

    def items(self) -> Mapping[str, tuple[str, ...]]:
        """Return every key that has a value, tags that were looked up included."""
        return dict(self.settled()._values)
