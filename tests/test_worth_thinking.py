"""Labels of what is worth a thought, the arm that is trained on them, and the policy that it becomes."""

from pathlib import Path

import numpy as np
import pytest
from analysed import one, pick, results_of
from synthetic_run import make_run
from test_plan import RECIPE, hashes, recipe, world  # noqa: F401

from reins.data_builders import BUILDERS
from reins.data_builders.card import card
from reins.data_builders.mixture import sft_row
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report
from reins.eval.sample.modes.names import parse_mode
from reins.eval.verify import render
from reins.eval.verify.thought_formats import THINK
from reins.recipes.plan.plan import plan, plan_data

build = BUILDERS["worth_thinking"]
ARM = "  classifier: {stages: [decide], decides_for: sft}\n"
CLASSIFIER = (
    RECIPE.replace("rows: 30}", "rows: 40}")
    .replace("  composite: {b", "  labels: {builder: worth_thinking, of: composites, rows: 30, mode: cot, constraints: true, samples: 2}\n"
             "  composite: {b")
    .replace("rows: 20, split: train", "rows: 40, split: train")
    .replace("arms:", "  decide: {trainer: sft, data: {labels: 1.0}, args: {save_steps: 2}}\narms:")
    .replace("evaluate:", ARM + "evaluate:")
    .replace("modes: [think]", "modes: [cot, direct]")
)  # fmt: skip


class Answered:
    """Forty composites and the scores of two samples each in both modes: row i wins, loses or ties by i % 4."""

    HELD = ([(1, 1), (0, 1)], [(0, 0), (0, 1)], [(0, 1), (1, 0)], [(1, 1), (1, 1)])

    def __init__(self, folder: Path) -> None:
        self.rows = list(BUILDERS["micro.composites"](rows=40, seed=0))
        self.files = {"source_rows": folder / "rows.jsonl"}
        write_jsonl(self.files["source_rows"], (row.line() for row in self.rows))
        for side, name in enumerate(("scores", "direct_scores")):
            self.files[name] = folder / f"{name}.jsonl"
            write_jsonl(self.files[name], [
                {"row": row.name, "sample": sample, "hacc": bool(self.HELD[i % 4][side][sample])}
                for i, row in enumerate(self.rows) for sample in (0, 1)
            ])  # fmt: skip


@pytest.fixture
def answered(tmp_path: Path) -> Answered:
    return Answered(tmp_path)


def test_a_row_is_worth_a_thought_where_more_of_its_samples_hold_with_one(answered):
    built = build(rows=40, seed=0, **answered.files)
    assert [row.response for row in built] == ["YES", "NO", "NO", "NO"] * 10
    assert built.tally.labels == {"YES": 10, "NO": 10, "NO, a tie": 20}
    about = card(answered.rows, name="labels", command="x", seed=0, tally=built.tally)
    assert "| NO, a tie | 20 |" in about and "| YES | 10 |" in about


def test_ties_may_be_left_out_and_too_few_or_equal_labels_are_refused(answered, tmp_path):
    with pytest.raises(InputError, match="20 rows can be labelled, 20 wanted and 30 the fewest"):
        list(build(rows=20, seed=0, ties="leave_out", **answered.files))
    with pytest.raises(InputError, match="40 rows can be labelled, 41 wanted"):
        list(build(rows=41, seed=0, **answered.files))
    same = answered.files | {"direct_scores": answered.files["scores"]}
    with pytest.raises(InputError, match="all 40 labels are NO: there is nothing to tell apart"):
        list(build(rows=40, seed=0, **same))
    unconstrained = [line | {"hacc": None} for line in read_jsonl(answered.files["scores"])[20:]]
    write_jsonl(tmp_path / "scores.jsonl", read_jsonl(answered.files["scores"])[:20] + unconstrained)
    with pytest.raises(InputError, match="10 rows can be labelled"):
        list(build(rows=40, seed=0, **answered.files))


@pytest.mark.parametrize("preset", ["reins", "mathif"])
def test_a_training_row_asks_word_for_word_what_mode_decide_asks(answered, preset):
    row = next(build(rows=40, seed=0, **answered.files))
    trained = sft_row(row, preset)
    asked = parse_mode("decide").turn(render(answered.rows[0], preset=preset), THINK)
    assert trained["prompt"][0]["content"] == asked and trained["completion"][0]["content"] == "YES"


def test_the_base_answers_in_both_modes_and_the_builder_gets_their_scores(world):  # noqa: F811
    tasks = plan_data(recipe(CLASSIFIER), Path("runs/small"), ["labels"])
    assert list(tasks) == ["data composites", "answers labels", "data labels"]
    parts = [
        (part.config["mode"], part.config["with_constraints"], part.config["out"])
        for part in tasks["answers labels"].parts
    ]
    places = [f"runs/small/answers/labels/{mode}" for mode in ("cot", "direct")]
    assert parts == [("cot", True, places[0]), ("direct", True, places[1])]
    args = tasks["data labels"].config["args"]
    assert [args[key] for key in ("scores", "direct_scores")] == [f"{place}/scores.jsonl" for place in places]
    assert "responses" not in args


def test_an_arm_that_decides_is_asked_only_that_and_changes_nothing_else(world):  # noqa: F811
    tasks = plan(recipe(CLASSIFIER), Path("runs/small"), seeds=[3])
    assert [part.config["mode"] for part in tasks["eval decide-s3"].parts] == ["decide"]
    assert "stage decide-s3" in tasks and "eval decide-s3 along" not in tasks
    without = hashes(plan(recipe(CLASSIFIER.replace(ARM, "")), Path("runs/small"), seeds=[3]))
    assert without.items() <= hashes(tasks).items()
    more = hashes(
        plan(
            recipe(CLASSIFIER.replace("true, samples: 2", "true, samples: 3")), Path("runs/small"), seeds=[3]
        )
    )
    assert {name for name in more if more[name] != hashes(tasks)[name]} == {
        "answers labels", "data labels", "rows decide-s3", "stage decide-s3", "eval decide-s3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ("for: sft", "for: sfx", "arms.classifier.decides_for: unknown arm 'sfx'; did you mean 'sft'"),
        ("for: sft", "for: classifier", "arms.classifier.decides_for: 'classifier' is itself"),
        ("for: sft", "for: sft, mixed_of: sft", "arms.classifier.decides_for: it answers nothing"),
        ("[decide], d", "[sft], d", "arms.classifier.decides_for: 'sft' has the same stages"),
        ("modes: [cot, direct]", "modes: [cot]", "arms.classifier.decides_for: no set is asked both"),
        ("  sft: [sft]", "  sft: {stages: [sft], control_of: classifier}", "arms.sft.control_of: 'classifier' answers nothing"),
        ("launch:", "against: {self: classifier}\nlaunch:", "against.self: 'classifier' answers nothing"),
        ("mode: cot", "mode: direct", "data.labels.mode: 'direct' is compared with direct"),
        ("constraints: true", "constraints: false", "data.labels.constraints: without constraints"),
        ("of: composites, rows: 30", "of: composites, rows: 29", "data.labels.rows: 29, and a classifier"),
    ],
)  # fmt: skip
def test_what_cannot_decide_is_refused_by_name(world, find, put, message):  # noqa: F811
    assert find in CLASSIFIER
    with pytest.raises(InputError) as refused:
        recipe(CLASSIFIER.replace(find, put))
    assert message in str(refused.value)


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    """A run whose rows are helped by thinking or not, by chance; one arm knows which, another draws lots, a third is no classifier."""
    arms = {"base": [], "sft": ["sft"]}
    arms |= {name: {"stages": [name], "decides_for": "sft"} for name in ("knows", "draws")}
    run = make_run(tmp_path_factory.mktemp("decided") / "run", arms=arms, modes=("think", "direct"), rows=200)
    rng = np.random.default_rng(3)
    helped = {row["row"]: bool(rng.random() < 0.5) for row in read_jsonl(run / "data/composite/rows.jsonl")}
    for mode in ("think", "direct"):
        file = run / f"evals/sft-s0/composite.{mode}/scores.jsonl"
        holds = [helped[score["row"]] == (mode == "think") for score in read_jsonl(file)]
        write_jsonl(file, [
            score | {"hacc": held, "sacc": float(held), "verdicts": [held] * len(score["verdicts"]), "cut": False}
            for score, held in zip(read_jsonl(file), holds, strict=True)
        ])  # fmt: skip
    for name, says in (
        ("knows", lambda row: 0.9 if helped[row] else 0.1),
        ("draws", lambda row: rng.random()),
    ):
        made = run / f"evals/{name}-s0"
        scores = [
            score for score in read_jsonl(made / "composite.think/scores.jsonl") if score["sample"] == 0
        ]
        write_jsonl(made / "composite.decide/scores.jsonl", [
            score | {"p_yes": float(says(score["row"])), "p_word": 0.9} for score in scores
        ])  # fmt: skip
    return run, results_of(run)


def test_a_classifier_that_knows_gets_the_headroom_and_one_that_draws_lots_gets_none(decided):
    _, lists = decided
    of_arm = pick(lists["policies"], arm="sft", mode="think")
    knows, draws = (one(of_arm, policy=f"classifier, fine-tuned ({name})") for name in ("knows", "draws"))
    coin = one(of_arm, policy="random, as often as the classifier, fine-tuned (knows)")
    assert (knows["headroom"], knows["auc"], knows["accuracy"]) == (1, 1, 1)
    assert knows["over_direct"]["low"] > 0.3 < knows["over_think"]["low"]
    assert abs(draws["headroom"]) < 0.2 and 0.4 < draws["auc"] < 0.6
    assert draws["over_think"]["low"] < 0 < draws["over_think"]["high"]
    assert coin["think_rate"] == knows["think_rate"] and coin["value"] == pytest.approx(0.5, abs=0.05)
    assert (knows["calls"], coin["calls"]) == (2, 1)
    assert not pick(lists["policies"], arm="base", policy="classifier, fine-tuned (knows)")


def test_an_arm_with_decisions_alone_is_in_no_other_list_and_breaks_no_part_of_the_report(decided):
    run, lists = decided
    assert {entry["role"] for entry in lists["arms"] if entry["arm"] in ("knows", "draws")} == {"classifier"}
    naming = [
        (name, key, entry[key])
        for name, entries in lists.items() if isinstance(entries, list) and name != "arms"
        for entry in entries if isinstance(entry, dict)
        for key in ("arm", "against") if entry.get(key) in ("knows", "draws")
    ]  # fmt: skip
    assert naming == []
    report([run], run / "report")
    assert "classifier, fine-tuned (knows)" in (run / "report/index.html").read_text("utf-8")
