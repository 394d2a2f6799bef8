"""Runs become rows, and rows a report, the same for every scenario."""

import json

import pytest

from bench import report, scenarios
from bench.contract import Context, Run, Subject, Verdict, interleave, skipped, summarize

MACHINE = {"processor": "a fast one", "cores": 2}


@pytest.fixture
def context(tmp_path):
    return Context(folder=tmp_path, rounds=3, say=lambda _text: None)


def row(*figures, variant="alertops", **latencies):
    runs = [Run(figure=figure, **latencies) for figure in figures]
    return summarize(Subject("accept", variant, "sqlite", 16), runs)


def test_variants_take_turns(context):
    order = []
    variants = {name: lambda name=name: order.append(name) or Run(figure=1) for name in ("a", "b")}

    runs = interleave(variants, context)

    assert order == ["a", "b", "a", "b", "a", "b"]
    assert [len(runs[name]) for name in ("a", "b")] == [3, 3]


def test_a_row_has_the_medians_and_the_extremes_of_its_runs():
    summary = row(30, 10, 20, p50=1, p99=5)

    assert (summary.figure, summary.lowest, summary.highest) == (20, 10, 30)
    assert (summary.p50, summary.p99) == (1, 5)


def test_rows_of_the_same_rounds_are_compared_round_by_round():
    # Mostly twice as much, however slow the machine was in a round; of the medians it would be three times.
    assert row(200, 20, 60).against(row(100, 10, 20, variant="R")).ratio == 2


@pytest.mark.parametrize(
    ("figures", "limit", "ratio"),
    [
        pytest.param((200, 100), (50,), 3, id="of unequal rounds: the medians"),
        pytest.param((200,), (0,), None, id="with nothing"),
        pytest.param((), (50,), None, id="nothing"),
    ],
)
def test_rows_of_unlike_rounds_are_compared_as_well_as_can_be(figures, limit, ratio):
    assert row(*figures).against(row(*limit)).ratio == ratio


def test_a_report_tells_everything_thrice(tmp_path):
    limit = row(1000, 1200, 1100, variant="R", p50=2, p99=5.25)
    product = row(2000, 2400, 2200, p50=1, p99=4).against(limit).aiming("at least 1.2 R", met=True)
    missing = skipped(Subject("accept", "Alerta"), "not installed")
    rows = [limit, product, missing]

    path = report.save(rows, MACHINE, tmp_path)

    assert "2,200 requests/s" in report.table(rows)
    assert "2.00 x R" in path.read_text()
    assert "processor: a fast one" in path.read_text()
    stored = json.loads((tmp_path / "bench.json").read_text())
    assert stored["machine"] == MACHINE
    assert [run["figure"] for run in stored["rows"][1]["runs"]] == [2000, 2400, 2200]
    assert [row["verdict"] for row in stored["rows"]] == ["", Verdict.MET, Verdict.SKIPPED]


def test_the_columns_of_the_table_are_aligned():
    lines = report.table([row(1, 2, 3), row(100_000, 200_000, 300_000, variant="a longer name")]).splitlines()

    assert len({line.index("sqlite") for line in lines[1:]}) == 1


@pytest.mark.parametrize("name", scenarios.names())
def test_a_scenario_says_what_it_measures(name):
    module = scenarios.load(name)

    assert name == module.NAME
    assert module.__doc__
    assert callable(module.run)
