"""MathIF's figures as typed here, against the facts sheet and against what a paper of counts must obey."""

import re
from pathlib import Path
from statistics import fmean

import pytest

from reins.eval.analyse.fields import as_json
from reins.eval.analyse.published import MATHS, METRICS, published
from reins.eval.io.errors import InputError

SHEET = Path(__file__).resolve().parents[2] / "shared" / "reference" / "mathif.md"
ROWS = as_json(published("mathif", preset="mathif"))["rows"]


def of(table):
    return [row for row in ROWS if row["source"].endswith(f" {table}")]


def test_every_row_names_its_table_and_has_all_metrics():
    assert {row["source"] for row in ROWS} == {
        f"MathIF (arXiv 2505.14810 v2), {name}"
        for name in ("Table 3", "Tables 4 and 12", "Tables 5 and 11", "Table 6")
    }
    assert [len(of(name)) for name in ("Table 3", "Tables 4 and 12", "Tables 5 and 11", "Table 6")] == [
        23,
        20,
        5,
        6,
    ]
    assert all(row.keys() == {"source", "base", "model", *METRICS} for row in ROWS)


@pytest.mark.parametrize("metric", ["hacc", "correct", "correct_plain"])
def test_shares_of_420_queries_are_counts(metric):
    values = [row[metric] for row in ROWS if row[metric] is not None]
    assert len(values) >= 23
    for value in values:
        assert abs(value - round(420 * value) / 420) < 1.1e-4, (
            value
        )  # the paper cuts some where it should round


def test_means_over_the_23_models_are_those_of_the_sheet():
    means = {metric: round(100 * fmean(row[metric] for row in of("Table 3")), 2) for metric in METRICS[:4]}
    assert means == {"hacc": 27.37, "sacc": 46.51, "correct_plain": 59.55, "correct": 50.19}
    drops = [row["correct_plain"] - row["correct"] for row in of("Table 3")]
    assert sum(drop < 0 for drop in drops) == 2
    assert round(100 * max(drops), 2) == 23.33


def test_averages_over_five_benchmarks_are_theirs():
    for row in of("Tables 4 and 12") + of("Tables 5 and 11"):
        assert row["avg_math"] == pytest.approx(fmean(row[name] for name in MATHS[1:]), abs=1.1e-4), row


def test_training_on_reasoning_lowers_following_and_raises_maths_in_15_of_16():
    rows = of("Tables 4 and 12")
    bases = {row["model"]: row for row in rows if row["model"] == row["base"]}
    trained = [row for row in rows if row["model"] != row["base"]]
    assert len(trained) == 16
    for metric, better in (("hacc", 1), ("sacc", 1), ("avg_math", 15)):
        assert sum(row[metric] > bases[row["base"]][metric] for row in trained) == better


def test_models_in_several_tables_are_given_alike():
    main = {row["model"]: row for row in of("Table 3")}
    for row in of("Table 6") + of("Tables 5 and 11"):
        if row["model"] == row["base"]:
            for metric in ("hacc", "sacc", "correct"):
                assert row[metric] in (None, main[row["model"]][metric])


@pytest.mark.skipif(not SHEET.exists(), reason="needs the facts sheet beside the repository")
def test_every_number_is_that_of_the_sheet():
    sheet = [line.replace("†", "") for line in SHEET.read_text("utf-8").splitlines() if line.startswith("|")]
    for row in of("Table 3") + of("Tables 4 and 12"):
        numbers = [f"{100 * row[metric]:.2f}" for metric in METRICS if row[metric] is not None]
        assert any(line.startswith(f"| {row['model']} | {' | '.join(numbers)} |") for line in sheet), row
    for row in of("Tables 5 and 11"):
        name = "original" if row["model"] == row["base"] else row["model"].rpartition(" ")[2]
        numbers = [f"{100 * row[metric]:.2f}" for metric in METRICS if row[metric] is not None]
        assert f"| {name} | {' | '.join(numbers)} |" in sheet
    rows = of("Table 6")
    for before, after in zip(rows[::2], rows[1::2], strict=True):
        pairs = [
            f"{100 * before[metric]:.2f} → {100 * after[metric]:.2f}"
            for metric in ("hacc", "sacc", "correct")
        ]
        assert f"| {before['model']} | {' | '.join(pairs)} |" in sheet


def test_rows_are_found_by_name_or_hub_id_and_all_are_given_where_none_is():
    found = as_json(published("mathif", preset="mathif", models=["Qwen/Qwen2.5-7B"]).rows)
    assert [row["model"] for row in found] == ["Qwen2.5-7B", "+SFT", "+SFT+RL", "+cold-RL", "+cold-RL fmt"]
    two = published(
        "mathif", preset="mathif", models=["deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "qwen3-32b"]
    )
    assert {row["base"] for row in as_json(two.rows)} == {"DeepSeek-R1-Distill-Qwen-1.5B", "Qwen3-32B"}
    assert as_json(published("mathif", preset="mathif", models=["recipes/micro/base"]).rows) == ROWS


def test_they_stand_beside_their_own_preset_only_and_say_what_differs():
    note = published("mathif", preset="mathif").note
    for difference in ("one sample a query", "grader", "16,384 tokens", "without a seed"):
        assert difference in note
    with pytest.raises(InputError, match=re.escape("--beside mathif: this run is judged by preset reins")):
        published("mathif", preset="reins")
    with pytest.raises(InputError, match="--beside ifeval: no such figures"):
        published("ifeval", preset="mathif")
