"""What a preview shows as changed, by property path, and what it replaces."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2 as messages

from local.provider.differences import changes, parse, written
from local.provider.emulation import EMULATIONS
from local.provider.replacing import TABLE, replacing_paths
from local.provider.schema import resource_type
from tests.local.provider.test_dropped import TABLE as INDEXED

Kind = messages.PropertyDiff
MEASURED = json.loads(TABLE.read_text())["paths"]
FUNCTION = "aws:lambda/function:Function"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.integers(min_value=0) | st.text(st.characters(exclude_characters="*\\"), min_size=1), min_size=1
    )
)
def test_a_path_is_read_as_it_was_written(steps):
    path = tuple(steps)

    assert parse(written(path)) == path


@given(
    old=st.dictionaries(st.text("ab", min_size=1), VALUES),
    new=st.dictionaries(st.text("ab", min_size=1), VALUES),
)
def test_something_changes_exactly_where_two_values_differ(old, new):
    def present(value):
        if isinstance(value, dict):
            return {key: present(item) for key, item in value.items() if item is not None}
        return [present(item) for item in value] if isinstance(value, list) else value

    differ = repr(present(old)) != repr(present(new)) and present(old) != present(new)
    assert bool(changes(old, new)) == differ
    assert changes(old, old) == {}
    assert changes(old, new, [written((key,)) for key in old.keys() | new.keys()]) == {}


def test_a_preview_names_the_nested_property_that_changes(provider):
    environment = {"variables": {"A": "1", "B": "2", "with.dot": "3"}}
    it = provider.create("aws:sqs/queue:Queue", name="it", tags=environment["variables"])

    detailed = provider.diff(it, name="it", tags={"A": "1", "B": "9", "C": "4"}).detailedDiff

    assert {path: each.kind for path, each in detailed.items()} == {
        "tags.B": Kind.UPDATE,
        "tags.C": Kind.ADD,
        'tags["with.dot"]': Kind.DELETE,
    }


def test_an_ignored_path_leaves_what_is_beside_it(provider):
    it = provider.create("aws:sqs/queue:Queue", name="it", tags={"A": "1", "B": "1"})
    changed = {"name": "it", "tags": {"A": "2", "B": "2"}}

    assert provider.diff(it, "tags.A", **changed).detailedDiff.keys() == {"tags.B"}
    assert provider.diff(it, "tags", **changed).detailedDiff.keys() == set()


def test_an_ignored_path_may_leave_the_position_open(provider):
    index = {"name": "index", "hashKey": "id", "projectionType": "ALL", "readCapacity": 1, "writeCapacity": 1}
    it = provider.create("aws:dynamodb/table:Table", **INDEXED, globalSecondaryIndexes=[index])
    changed = INDEXED | {"globalSecondaryIndexes": [index | {"readCapacity": 5, "writeCapacity": 5}]}

    found = provider.diff(it, "globalSecondaryIndexes[*].readCapacity", **changed).detailedDiff

    assert found.keys() == {"globalSecondaryIndexes[0].writeCapacity"}


@pytest.mark.parametrize(
    ("token", "old", "new", "path"),
    [
        ("aws:sqs/queue:Queue", {"name": "a"}, {"name": "b"}, "name"),
        ("aws:dynamodb/table:Table", INDEXED, INDEXED | {"rangeKey": "id"}, "rangeKey"),
        (
            "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan",
            {"role": "r", "protectedResource": {"s3Bucket": {"bucketName": "a"}}},
            {"role": "r", "protectedResource": {"s3Bucket": {"bucketName": "b"}}},
            "protectedResource.s3Bucket.bucketName",
        ),
    ],
)
def test_a_new_name_or_key_replaces_the_resource(previewing, token, old, new, path):
    it = previewing.preview(token, **old)

    answer = previewing.diff(it, **new)

    assert answer.detailedDiff[path].kind in (Kind.ADD_REPLACE, Kind.UPDATE_REPLACE)
    assert list(answer.replaces) == [path.split(".")[0]]


def test_a_resource_of_a_fixed_name_is_deleted_before_it_is_replaced(provider):
    table = provider.create("aws:dynamodb/table:Table", **INDEXED)

    assert provider.diff(table, **INDEXED | {"rangeKey": "id"}).deleteBeforeReplace
    assert not provider.diff(table, **INDEXED | {"name": "another"}).deleteBeforeReplace


def test_every_measured_path_begins_with_an_input_of_its_type():
    for token in MEASURED:
        heads = {str(path[0]) for path in replacing_paths(token)} - {"region"}
        assert heads <= resource_type(token).inputs, token


def test_what_an_emulation_replaces_for_was_measured_if_its_type_was():
    differing = {
        token: EMULATIONS[token].replaces - {re.split(r"[.\[]", path)[0] for path in MEASURED[token]}
        for token in MEASURED.keys() & EMULATIONS.keys()
    }
    # What AWS chooses when nothing is given shows no difference in a plan that does not give it.
    assert {token: names for token, names in differing.items() if names} == {
        "aws:kms/key:Key": {"multiRegion"}
    }


@pytest.mark.parametrize(
    ("token", "inputs", "name"),
    [
        ("aws:sqs/queue:Queue", {}, r"it-[0-9a-f]{7}"),
        ("aws:sqs/queue:Queue", {"fifoQueue": True}, r"it-[0-9a-f]{7}\.fifo"),
        ("aws:sqs/queue:Queue", {"namePrefix": "mine-"}, r"mine-[0-9a-f]{7}"),
        ("aws:kms/alias:Alias", {"targetKeyId": "k"}, r"alias/it-[0-9a-f]{7}"),
    ],
)
def test_a_name_that_is_not_given_is_made_of_the_logical_one(previewing, token, inputs, name):
    assert re.fullmatch(name, previewing.check(token, **inputs)["name"])
