"""The benchmark's stacks and its page; nothing is timed here."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from time import process_time
from zipfile import ZipFile

import pytest
from google.protobuf import json_format

from bench.local_stack import Measured, Memory, section
from bench.page import Growth, Whole, page
from bench.process import cpu
from bench.stacks import requests
from tests.mocks import deployed

GROWTH = [
    Growth(
        resources=length,
        baseline_start=0.8,
        start=1.0,
        baseline_preview=length / 1000,
        preview=length / 600,
        diagnostics=0,
    )
    for length in (100, 400, 600, 1600)
]
WHOLE = Whole(
    without=5.0, with_empty=5.4, with_pack=5.5, ratio_empty=1.08, ratio=1.1, ratio_to_empty=1.02, runs=3
)


def rows(growth: list[Growth], whole: Whole) -> list[str]:
    table = page(growth, whole).partition("## Aims")[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("|")][2:]


def test_every_aim_stands_beside_its_figure() -> None:
    cpu, more_rules, growth, start, preview = rows(GROWTH, WHOLE)

    assert cpu == "| CPU at 600 resources, all rules | ≤ 2.00 s | 1.00 s | met |"
    assert "the same for 200 rules" in more_rules
    assert growth.endswith("| ≤ 1.25 | 1.00 | met |")
    assert start == "| start-up, to that of an empty pack | ≤ 1.50 | 1.25 | met |"
    assert preview == "| whole preview of prod, to one without a pack | ≤ 1.10 | 1.10 | met |"


@pytest.mark.parametrize(
    ("growth", "whole", "missed"),
    [
        ([replace(each, preview=2.1) if each.resources == 600 else each for each in GROWTH], WHOLE, 0),
        ([replace(each, preview=8.0) if each.resources == 1600 else each for each in GROWTH], WHOLE, 2),
        ([replace(each, start=2.0) for each in GROWTH], WHOLE, 3),
        (GROWTH, replace(WHOLE, ratio=1.101), 4),
    ],
)
def test_an_aim_that_is_missed_says_so(growth: list[Growth], whole: Whole, missed: int) -> None:
    assert rows(growth, whole)[missed].endswith("| **missed** |")


def test_the_page_says_what_an_empty_pack_costs_by_itself() -> None:
    words = " ".join(page(GROWTH, WHOLE).split())

    assert "An empty pack alone makes the whole preview 1.08 times as long." in words
    assert "is 80% of what this pack adds there" in words


def test_a_long_stack_holds_the_kinds_of_a_short_one_in_the_same_shares(tmp_path: Path) -> None:
    program = Counter(each.type for each in deployed("prod", preview=True).resources)

    asked = requests(3, tmp_path)

    assert Counter(each.type for each in asked.resources) == {kind: 3 * n for kind, n in program.items()}
    assert len({each.urn for each in asked.stack.resources}) == 3 * program.total()


def test_the_cpu_of_a_process_is_what_its_own_clock_says() -> None:
    before = process_time()
    used = cpu(os.getpid())

    assert before <= used <= process_time()


def test_each_copy_of_the_stack_has_code_of_its_own(tmp_path: Path) -> None:
    asked = requests(2, tmp_path).resources

    archives = [
        json_format.MessageToDict(each.properties)["code"]["path"]
        for each in asked
        if each.type == "aws:lambda/function:Function"
    ]
    half = len(archives) // 2
    assert not set(archives[:half]) & set(archives[half:])
    for first, second in zip(archives[:half], archives[half:], strict=True):
        with ZipFile(first) as one, ZipFile(second) as other:
            names = [name for name in one.namelist() if name.endswith(".py")]
            assert names
            assert all(one.read(name) != other.read(name) for name in names)


def test_the_page_holds_the_local_stack_against_its_aims_and_bare_boto3():
    measured = Measured(
        up=20.0,
        unchanged=8.0,
        latencies=[0.5, 0.4, 0.6],
        bare_latencies=[0.01, 0.01, 0.01],
        throughput=50.0,
        bare_throughput=200.0,
        memory=[
            Memory(events=0, moto=100, supervisor=100, functions=200),
            Memory(events=1000, moto=150, supervisor=101, functions=199),
        ],
        load=0.5,
    )

    text = section(measured)

    assert "| event to record, median of 3 | 0.50 s | < 2 s | 0.010 s | 50 |" in text
    assert "| 50 | 100 | 200 | 4.0 |" in text
    assert "Over 1000 events: moto +50, supervisor +1, functions -1." in text
