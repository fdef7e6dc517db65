"""Generated policies and requests, made of few names so that they often meet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from hypothesis import strategies as st

type Json = dict[str, Any]

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/scanner"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/echo"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SERVICE = "events.amazonaws.com"

ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:GetObjectVersion", "sqs:SendMessage"]
ACTION_PATTERNS = [*ACTIONS, "S3:getOBJECT", "s3:Get*", "s3:*Object", "s3:???Object", "s3:*", "*", "sqs:*"]
RESOURCES = [
    "arn:aws:s3:::intake/a.csv", "arn:aws:s3:::intake/b:c", "arn:aws:s3:::logs/a.csv", "arn:aws:s3:::intake",
    f"arn:aws:sqs:eu-central-1:{ACCOUNT}:work",
    f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:x:log-stream:y", "*",
]  # fmt: skip
RESOURCE_PATTERNS = [
    *RESOURCES, "arn:aws:s3:::intake/*", "arn:aws:s3:::*/a.csv", "arn:aws:s3:::INTAKE/*",
    "arn:aws:s3:::in?ake/*", "arn:aws:s*", "arn:aws:sqs", "arn:aws:s3:::${s3:prefix}",
    "arn:aws:s3:::intake/${s3:prefix, 'a.csv'}",
    "arn:aws:s3:::intake/${*}", "arn:aws:sqs:*:work", "arn:aws:s*s:eu*:*:w*", "arn:aws:sqs:eu*1:*k",
    "arn:aws:sqs:eu-central-1:?11122223333:work", "arn:aws:l*gs:*:log-group:x:*", "arn:aws:*x:*:work",
    f"arn:aws:sqs:eu-central-1?{ACCOUNT}:work", f"arn:aws:*:{ACCOUNT}:work",
]  # fmt: skip

TEXTS = ["a", "A", "a*", "ab", "intake/a.csv", "*", "?"]
NUMBERS = ["9", "10", "10.0", "11"]
MOMENTS = ["2026-11-21T12:00:00Z", "2026-11-21T13:00:00+01:00", "1795262400", "2026-11-22"]
ARNS = [ROLE, OTHER_ROLE, "arn:aws:iam::*:role/w*", "arn:aws:iam::111122223333:user/x", "arn:*:*:*:*:*"]
ADDRESSES = ["10.1.2.3", "10.0.0.0/8", "192.168.0.0/16", "10.1.2.3/32"]
BYTES = ["YQ==", "YWI=", "Yg=="]
VARIABLES = ["${s3:delimiter}", "${s3:delimiter, 'a'}", "${*}", "x${?}"]

STRINGS = [
    f"String{kind}"
    for kind in ("Equals", "Like", "EqualsIgnoreCase", "NotEquals", "NotLike", "NotEqualsIgnoreCase")
]
ORDERED = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
# By key: the operators that go with it, what policies ask for, and what requests have.
KEYS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "s3:prefix": (STRINGS, [*TEXTS, *VARIABLES], ["a", "A", "ab", "a*", "*", "intake/a.csv", "x?"]),
    "s3:delimiter": (STRINGS, TEXTS, ["a", "a*"]),
    "s3:max-keys": ([f"Numeric{kind}" for kind in ORDERED], NUMBERS, NUMBERS),
    "aws:CurrentTime": ([f"Date{kind}" for kind in ORDERED], MOMENTS, MOMENTS[:2]),
    "aws:SecureTransport": (["Bool"], ["true", "false", "TRUE"], ["true", "false"]),
    "aws:SourceArn": (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], ARNS, [ROLE, OTHER_ROLE]),
    "s3:x-amz-acl": (["IpAddress", "NotIpAddress"], ADDRESSES, ["10.1.2.3", "192.168.0.1", "8.8.8.8"]),
    "s3:VersionId": (["BinaryEquals"], BYTES, BYTES),
    "s3:ExistingObjectTag/Scan": (STRINGS, ["clean", "Clean", "c*"], ["clean", "bad"]),
}
MANY = "s3:RequestObjectTagKeys"
SPELLINGS = {
    "s3:prefix": "S3:Prefix",
    "s3:ExistingObjectTag/Scan": "s3:existingobjecttag/Scan",
    MANY: MANY.upper(),
}


@dataclass(frozen=True)
class World:
    """A request and the policies in front of it, as JSON."""

    request: Json
    identity: list[Json]
    resource: list[Json]
    boundary: list[Json]
    session: list[Json]
    resource_decides: bool


def world(rng: Random) -> World:
    """Return a request, and policies of each kind that AWS would take."""
    request = _request(rng)
    role = "role" in request
    return World(
        request=request,
        identity=[_document(rng, "identity") for _ in range(rng.choice((0, 1, 1, 2)))] if role else [],
        resource=[_document(rng, "resource") for _ in range(rng.choice((0, 1, 1)))],
        boundary=[_document(rng, "limit")] if role and rng.random() < 0.3 else [],
        session=[_document(rng, "limit")] if role and rng.random() < 0.2 else [],
        resource_decides=rng.random() < 0.3,
    )


WORLDS = st.integers(0, 2**64 - 1).map(lambda seed: world(Random(seed)))  # noqa: S311 - test data
"""Drawn by seed, which is forty times as fast as choice by choice; `smallest` makes a found one readable."""


def smallest(found: World, shows: Callable[[World], bool]) -> World:
    """Leave out statements, conditions and context of *found* as long as it still *shows* what it showed."""
    while smaller := next((one for one in _smaller(found) if shows(one)), None):
        found = smaller
    return found


def _smaller(found: World) -> Iterator[World]:
    def with_(place: str, documents: list[Json]) -> World:
        changes: Json = {place: documents}
        return replace(found, **changes)

    for place in ("identity", "resource", "boundary", "session"):
        documents = getattr(found, place)
        for number, document in enumerate(documents):
            before, after = documents[:number], documents[number + 1 :]
            yield with_(place, [*before, *after])
            for statements in _shorter(document["Statement"]):
                yield with_(place, [*before, {**document, "Statement": statements}, *after])
    for key in found.request["context"]:
        kept = {name: values for name, values in found.request["context"].items() if name != key}
        yield replace(found, request={**found.request, "context": kept})


def _shorter(statements: list[Json]) -> Iterator[list[Json]]:
    for number, statement in enumerate(statements):
        before, after = statements[:number], statements[number + 1 :]
        if before or after:
            yield [*before, *after]
        if "Condition" in statement:
            yield [*before, {k: v for k, v in statement.items() if k != "Condition"}, *after]


def _some(rng: Random, values: list[str], most: int = 2) -> Any:
    """Return one of *values*, or a list of up to *most*."""
    return rng.choice(values) if rng.random() < 0.5 else rng.choices(values, k=rng.randint(1, most))


def _request(rng: Random) -> Json:
    context = {key: [rng.choice(has)] for key, (_, _, has) in KEYS.items() if rng.random() < 0.6}
    if rng.random() < 0.7:
        context[MANY] = rng.sample(["a", "A", "ab", "c"], rng.randint(0, 3))
    caller = {"service": SERVICE} if rng.random() < 0.15 else {"role": ROLE, "session": SESSION}
    action, resource = rng.choice(ACTIONS), rng.choice(RESOURCES)
    return {**caller, "account": ACCOUNT, "action": action, "resource": resource, "context": context}


def _document(rng: Random, kind: str) -> Json:
    version = rng.choice(["2012-10-17"] * 4 + ["2008-10-17"])
    return {"Version": version, "Statement": [_statement(rng, kind) for _ in range(rng.randint(1, 3))]}


def _statement(rng: Random, kind: str) -> Json:
    statement: Json = {"Effect": rng.choice(["Allow", "Allow", "Allow", "Deny"])}
    statement[rng.choice(["Action"] * 4 + ["NotAction"])] = _some(rng, ACTION_PATTERNS)
    statement[rng.choice(["Resource"] * 4 + ["NotResource"])] = _some(rng, RESOURCE_PATTERNS, 3)
    if kind == "resource":
        negated = statement["Effect"] == "Deny" and rng.random() < 0.4
        statement["NotPrincipal" if negated else "Principal"] = _principal(rng)
    if rng.random() < 0.6:
        statement["Condition"] = _conditions(rng)
    return statement


def _principal(rng: Random) -> Any:
    if rng.random() < 0.3:
        return rng.choice(
            ["*", {"AWS": "*"}, {"Service": SERVICE}, {"Service": ["sns.amazonaws.com", SERVICE]}]
        )
    return {"AWS": _some(rng, [ROLE, ROLE, SESSION, ROOT, ACCOUNT, OTHER_ROLE, "999999999999"], 3)}


def _conditions(rng: Random) -> Json:
    found: dict[str, Json] = {}
    for key in rng.sample([*KEYS, MANY, MANY], rng.choice((1, 1, 2))):
        operator, wanted = _operator(rng, key)
        spelled = SPELLINGS.get(key, key) if rng.random() < 0.3 else key
        found.setdefault(operator, {})[spelled] = _some(rng, wanted, 3)
    return found


def _operator(rng: Random, key: str) -> tuple[str, list[str]]:
    if rng.random() < 0.15:
        return "Null", ["true", "false"]
    if key == MANY:
        quantifier = rng.choice(["ForAllValues:", "ForAnyValue:"])
        suffix = rng.choice(["", "IfExists"]) if quantifier == "ForAllValues:" else ""
        return quantifier + rng.choice(STRINGS) + suffix, TEXTS
    operators, wanted, _ = KEYS[key]
    return rng.choice(operators) + rng.choice(["", "", "IfExists"]), wanted
