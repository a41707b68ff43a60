"""Bins of reasoning length: every sample once, edges in tokens, small ones merged and counted."""

from itertools import pairwise

import numpy as np
import pytest

from reins.eval.analyse.length_bins import binned
from reins.eval.score.measure import NUMBERS, RowSet, ScoredSamples
from reins.eval.stats.bins import FEWEST, equal_count_bins, fixed_bins
from reins.eval.verify import Row

ROWS, SAMPLES = 100, 4


def scored(rng, *, rows=ROWS, sources=("a", "b"), cut=0.1, none=0.0):
    """A set and one cell of it; source b is thought about twice as long."""
    made = [
        Row(f"r{i}", f"p{i}", sources[i % len(sources)], id=str(i), question="", answer="")
        for i in range(rows)
    ]
    row = np.repeat(np.arange(rows), SAMPLES)
    numbers = {name: np.zeros(len(row)) for name in NUMBERS}
    silent = rng.random(len(row)) < none
    numbers["cut"] = ((rng.random(len(row)) < cut) & ~silent).astype(float)
    numbers["reasoning_tokens"] = np.where(
        silent, 0, np.round(rng.lognormal(4, 0.5, len(row)) * (1 + row % 2))
    )
    numbers["hacc"] = (rng.random(len(row)) < 0.5) * (1 - numbers["cut"])
    numbers["correct"] = np.full(len(row), np.nan)
    state = np.where(silent, "none", "closed")
    return RowSet.of(made), ScoredSamples(
        row, numbers, state, [[]] * len(row), None, np.zeros(len(row), bool), np.full(len(row), "")
    )


def pick(entries, **wanted):
    return [entry for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def length_bins(row_set, cells):
    return [
        {"metric": metric, **stratum._asdict(), **judged._asdict()}
        for metric, stratum, judged in binned(row_set, cells, 6)
    ]


def counts(lengths, bins):
    return [int(((lengths >= low) & (lengths <= high)).sum()) for low, high, _ in bins]


def test_equal_count_bins_hold_every_length_once():
    lengths = np.random.default_rng(6).integers(1, 500, 600)
    bins = equal_count_bins(lengths, 6)
    held = counts(lengths, bins)
    assert len(bins) == 6
    assert sum(held) == 600
    assert max(held) - min(held) < 10
    assert all(after.low == before.high + 1 for before, after in pairwise(bins))
    assert all(one.merged == 1 for one in bins)


def test_ties_share_a_bin_and_small_bins_merge_and_say_how_many_did():
    tied = np.array([10] * 100 + [20] * 100 + list(range(30, 40)))
    assert equal_count_bins(tied, 6) == [(10, 10, 2), (11, 39, 4)]
    assert equal_count_bins(np.arange(70), 6) == [(0, 34, 3), (35, 69, 3)]
    assert equal_count_bins(np.array([5, 6, 7]), 6) == [(5, 7, 6)]
    assert equal_count_bins(np.array([], dtype=int), 6) == []


def test_fixed_bins_start_at_the_edges_whatever_the_lengths():
    assert fixed_bins(np.repeat([9, 20, 40], 30), (8, 16, 32, 64)) == [(8, 15, 1), (16, 31, 1), (32, 63, 1)]
    assert fixed_bins(np.repeat([3, 200], 30), (8, 16)) == [(1, 7, 1), (8, 200, 2)]
    assert fixed_bins(np.repeat([9, 20, 40], [30, 10, 30]), (8, 16, 32)) == [(8, 15, 1), (16, 40, 2)]
    assert fixed_bins(np.repeat([9, 20, 40], [30, 30, 2]), (8, 16, 32, 64)) == [(8, 15, 1), (16, 63, 2)]
    assert fixed_bins(np.array([], dtype=int)) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_bin_is_small_and_none_is_lost(seed):
    rng = np.random.default_rng(seed)
    lengths = np.maximum(1, rng.lognormal(5, 1, int(rng.integers(30, 400))).astype(int))
    for bins in (equal_count_bins(lengths, 6), fixed_bins(lengths)):
        held = counts(lengths, bins)
        assert sum(held) == len(lengths)
        assert min(held) >= FEWEST


def test_bins_are_pooled_and_within_each_source_and_cut_samples_apart():
    row_set, cell = scored(np.random.default_rng(0))
    entries = pick(length_bins(row_set, [cell]), metric="hacc")
    finished = cell.numbers["cut"] == 0
    of_b = np.array([row.source == "b" for row in row_set.rows])[cell.row]
    for kind in ("equal_count", "fixed"):
        for source, own in ((None, finished), ("a", finished & ~of_b), ("b", finished & of_b)):
            assert sum(entry["n"] for entry in pick(entries, kind=kind, source=source)) == own.sum()
    inner = pick(entries, kind="fixed", source="b")[1]
    tokens = cell.numbers["reasoning_tokens"]
    inside = finished & of_b & (tokens >= inner["from_tokens"]) & (tokens <= inner["to_tokens"])
    assert inner["n"] == inside.sum()
    assert inner["value"] == cell.numbers["hacc"][inside].mean()
    assert inner["low"] < inner["value"] < inner["high"]
    (cut,) = pick(entries, kind="cut")
    assert (cut["n"], cut["value"], cut["source"]) == ((~finished).sum(), None, None)


def test_a_set_of_one_source_has_no_bins_within_it_and_a_metric_without_values_none():
    entries = length_bins(*scored_alone(np.random.default_rng(1)))
    assert {entry["source"] for entry in entries} == {None}
    assert {entry["metric"] for entry in entries} == {"hacc", "sacc"}


def scored_alone(rng):
    row_set, cell = scored(rng, sources=("a",))
    return row_set, [cell]


@pytest.mark.parametrize("none, judged", [(0.03, False), (0.5, True)])
def test_samples_without_reasoning_are_a_bin_of_their_own_and_judged_when_not_few(none, judged):
    row_set, cell = scored(np.random.default_rng(2), none=none)
    entries = pick(length_bins(row_set, [cell]), metric="hacc", source=None)
    for kind in ("equal_count", "fixed"):
        first, *others = pick(entries, kind=kind)
        assert (first["from_tokens"], first["to_tokens"], first["n"]) == (0, 0, (cell.state == "none").sum())
        assert (first["value"] is not None) == judged
        assert others[0]["from_tokens"] > 0


def test_all_samples_cut_leave_their_number_and_no_bin():
    row_set, cell = scored(np.random.default_rng(3), cut=1.0)
    entries = pick(length_bins(row_set, [cell]), metric="hacc")
    assert [(entry["kind"], entry["n"], entry["value"]) for entry in entries] == [
        ("cut", ROWS * SAMPLES, None)
    ]


def test_few_samples_are_one_bin_that_says_so():
    row_set, cell = scored(np.random.default_rng(4), rows=5, sources=("a",), cut=0.0)
    (entry,) = pick(length_bins(row_set, [cell]), metric="hacc", kind="equal_count")
    assert (entry["n"], entry["merged"]) == (20, 6)
