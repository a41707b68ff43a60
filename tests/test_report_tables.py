"""What tables and sentences of a report say where arms differ in seeds, and where there are many comparisons or margins."""

import json

import pytest
import yaml
from analysed import TWO, one, results_of
from synthetic_run import make_run

from reins.eval.analyse.arms import spent
from reins.eval.analyse.constraint_types import types_table
from reins.eval.analyse.figures import groups_table
from reins.eval.analyse.modes import modes_table
from reins.eval.analyse.results import ReportData, SetMode
from reins.eval.report.report import report
from reins.eval.report.summary import answers

PLACE = SetMode("composite", "think")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """Two training seeds of `sft`, the second of which took longer and is not asked directly yet."""
    run = make_run(
        tmp_path_factory.mktemp("run") / "run", arms=TWO, seeds=(0, 1), rows=40, modes=("think", "direct")
    )
    (run / "evals/sft-s1/composite.direct/scores.jsonl").unlink()
    done = run / "stages/sft-s1/done.json"
    done.write_text(json.dumps(json.loads(done.read_text()) | {"supervised_tokens": 60_000, "cut_rows": 40}))
    return ReportData.of(results_of(run), PLACE)


def test_an_arm_with_a_seed_missing_in_one_mode_stands_in_both(seeded):
    modes = [row[:2] for row in modes_table(seeded)[1:]]
    assert modes == [["base", "think"], ["base", "direct"], ["sft", "think"], ["sft", "direct"]]


def test_counts_that_differ_between_arms_are_a_range(seeded):
    counts = {row[0]: row[1] for row in groups_table("n_constraints", "hacc", seeded)[1:]}
    for value, count in counts.items():
        least, largest = map(int, count.split(" to "))
        assert largest == 2 * least > 0, value


def test_what_training_took_is_that_of_every_seed(seeded):
    rows = {row[0]: row[1:4] for row in spent(seeded)[1:]}
    assert rows == {"base": ["0", "0", "–"], "sft": ["100", "50,000 to 60,000", "5% to 10%"]}


def test_a_change_that_many_comparisons_leave_open_is_said_to_be_so(tmp_path):
    results = results_of(make_run(tmp_path / "run", arms=TWO, rows=120))
    change = one(results["contrasts"], arm="sft", metric="hacc", group=None)
    assert change["p_holm"] < 0.05
    (said,) = answers([ReportData.of(results, PLACE)])
    change["p_holm"] = 0.2
    (doubted,) = answers([ReportData.of(results, PLACE)])
    assert "sft lowers HAcc" in str(said) and "so many" not in str(said)
    assert "sft lowers HAcc" in str(doubted) and "among so many comparisons, p 0.2000 by Holm" in str(doubted)


def test_types_are_shown_with_p_adjusted_for_all_of_them(seeded):
    head, *rows = types_table(seeded)
    assert "Holm" in head and rows
    of_type = {row[head.index("type")]: row[head.index("Holm")] for row in rows}
    for entry in seeded.entries("contrasts"):
        if entry["group"] and entry["group"]["by"] == "type":
            shown = of_type[entry["group"]["value"]]
            assert shown == "<0.0001" or float(shown) == pytest.approx(entry["p_holm"], abs=1e-4)


def test_runs_of_two_margins_show_each_claim_with_its_own(tmp_path):
    runs = [make_run(tmp_path / name, arms=TWO, rows=60) for name in ("one", "two")]
    for run, margin in zip(runs, (0.03, 0.7), strict=True):
        recipe = yaml.safe_load((run / "recipe.yaml").read_text()) | {"name": run.name, "margin": margin}
        (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    terminal = report(runs, tmp_path / "out")
    page = (tmp_path / "out/index.html").read_text()
    for text in (terminal, page):
        assert "at its margin" in text and "lost (±0.03)" in text and "equivalent (±0.7)" in text
    assert "Equivalent at a margin of 0.03 or 0.7:" in page
