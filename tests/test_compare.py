"""Two evaluations against each other: other arm, other mode, other preset; and what cannot be compared."""

import json

import pytest
from synthetic_run import make_run

from reins.eval.analyse.analyse import analyse
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.compare import compare
from reins.eval.score.score import score


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    arms = {"base": [], "sft": ["sft"]}
    return make_run(tmp_path_factory.mktemp("run") / "run", arms=arms, modes=("think", "pad-8"))


def folder(run, checkpoint="sft-s0", label="composite.think"):
    return run / "evals" / checkpoint / label


def test_arms_and_modes_differ_as_the_report_has_it(run):
    results = analyse([RunFolder(run)])
    for other, against in ((folder(run, "base"), "base"), (folder(run, label="composite.pad-8"), "sft")):
        a, b = (folder(run), other) if against == "base" else (other, folder(run))
        text, entry = compare(a, b, metric="hacc")
        (expected,) = [
            one
            for one in results["contrasts"]
            if (one["arm"], one["against"], one["metric"], one["group"]) == ("sft", against, "hacc", None)
            and one["mode"] == a.name.partition(".")[2]
        ]
        for key in ("diff", "low", "high", "p", "mdd", "n", "clusters"):
            assert entry[key] == pytest.approx(expected[key], abs=2e-6), key
        assert f"{entry['diff']:+.4f} [{entry['low']:.4f}, {entry['high']:.4f}]" in text
        (flips,) = [
            one
            for one in results["flips"]
            if (one["arm"], one["against"], one["metric"], one["mode"])
            == ("sft", against, "hacc", expected["mode"])
            and one["against_mode"] == expected["against_mode"]
        ]
        assert entry["flips"] == {key: pytest.approx(flips[key], abs=2e-6) for key in entry["flips"]}


def test_a_null_result_says_what_could_go_unseen(run):
    text, entry = compare(folder(run), folder(run))
    assert entry["diff"] == 0
    assert f"below {entry['mdd']:.4f} could go unseen" in text
    assert entry["flips"]["mcnemar_p"] == 1


def test_lengths_are_compared_without_prompts_that_pass(run):
    text, entry = compare(folder(run), folder(run, "base"), metric="reasoning_tokens")
    assert entry["diff"] > 20
    assert entry["flips"] is None
    assert "McNemar" not in text


def test_presets_are_compared_on_the_same_samples(tmp_path):
    rows = [
        {
            "source": "s",
            "id": str(i),
            "row": f"r{i}",
            "problem_id": f"p{i}",
            "question": "Say it.",
            "answer": "",
        }
        | {"constraint_name": ["punctuation:no_comma"], "constraint_args": [None], "constraint_desc": [""]}
        for i in range(12)
    ]
    samples = [
        {"row": row["row"], "sample": 0, "text": "So it is", "cut": i < 4, "state": "none"}
        for i, row in enumerate(rows)
    ]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    write_jsonl(tmp_path / "responses.jsonl", samples)
    for preset in ("reins", "mathif"):
        score(tmp_path / "rows.jsonl", tmp_path / "responses.jsonl", tmp_path / preset, preset=preset)
    text, entry = compare(tmp_path / "reins", tmp_path / "mathif", data=tmp_path / "rows.jsonl")
    assert (entry["a"]["preset"], entry["b"]["preset"]) == ("reins", "mathif")
    assert entry["diff"] == pytest.approx(-4 / 12, abs=1e-6)
    assert "over 12 problems" in text
    assert "over 12 rows (problems not known)" in compare(tmp_path / "reins", tmp_path / "mathif")[0]


def spoiled(run, tmp_path, change):
    scores = read_jsonl(folder(run) / "scores.jsonl")
    write_jsonl(tmp_path / "scores.jsonl", change(scores))
    return tmp_path


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda scores: [], "scores.jsonl: holds no scores"),
        (lambda scores: scores[:-1], r"sample 1 of row 'composite-000119' is not in the other \(1 such\)"),
        (
            lambda scores: [one | {"row": f"other-{one['row']}"} for one in scores],
            r"is not in the other \(480 such\)",
        ),
        (
            lambda scores: [one | {"verdicts": []} for one in scores],
            "'composite-000000': .* not the same rows",
        ),
        (lambda scores: [one | {"outcome": None} for one in scores], "no sample has correct"),
    ],
)
def test_what_does_not_match_is_refused(run, tmp_path, change, complaint):
    with pytest.raises(InputError, match=complaint):
        compare(folder(run), spoiled(run, tmp_path, change), metric="correct")


def without(field):
    return lambda scores: [{key: value for key, value in one.items() if key != field} for one in scores]


def with_field(**fields):
    return lambda scores: [one | fields if i == 2 else one for i, one in enumerate(scores)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        *((without(field), f":1: no score: field '{field}' is missing; score the responses again")
          for field in ("row", "sample", "verdicts", "outcome", "state", "cut", "reasoning_tokens", "answer_tokens")),
        (with_field(verdicts=None), ":3: field 'verdicts' is null; give a list of true and false"),
        (with_field(verdicts=["false", "true"]), ":3: field 'verdicts' is "),
        (with_field(outcome="correct"), ":3: field 'outcome' is 'correct'; give one of right, wrong"),
        (with_field(state="open"), ":3: field 'state' is 'open'"),
        (with_field(sample="1"), ":3: field 'sample' is '1'"),
        (with_field(row=["a"]), r":3: field 'row' is \['a'\]"),
        (with_field(cut="no"), ":3: field 'cut' is 'no'; give true or false"),
        (with_field(answer_tokens=-1), ":3: field 'answer_tokens' is -1"),
        (lambda scores: [*scores, scores[0]], "sample 0 of row 'composite-000000' comes 2 times"),
    ],
)  # fmt: skip
def test_scores_with_a_field_missing_or_of_another_type_are_refused_by_line(run, tmp_path, change, complaint):
    with pytest.raises(InputError, match=f"scores.jsonl{complaint}" if complaint[0] == ":" else complaint):
        compare(folder(run), spoiled(run, tmp_path, change))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"preset": 3}', "{", '{"preset": NaN}'])
def test_metrics_that_name_no_preset_are_refused(run, tmp_path, text):
    there = spoiled(run, tmp_path, lambda scores: scores)
    (there / "metrics.json").write_text(text)
    with pytest.raises(InputError, match="metrics.json: (names no preset|broken JSON|NaN)"):
        compare(folder(run), there)


def test_unknown_metrics_folders_and_rows_are_refused(run, tmp_path):
    with pytest.raises(InputError, match="--metric accuracy: not known; give one of hacc"):
        compare(folder(run), folder(run), metric="accuracy")
    with pytest.raises(InputError, match=r"nowhere.scores.jsonl: No such file"):
        compare(folder(run), tmp_path / "nowhere")
    write_jsonl(tmp_path / "rows.jsonl", read_jsonl(run / "data" / "composite" / "rows.jsonl")[:5])
    with pytest.raises(InputError, match="row 'composite-000005' of .* is not in it"):
        compare(folder(run), folder(run), data=tmp_path / "rows.jsonl")


def test_one_problem_gives_no_interval(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=2)
    text, entry = compare(folder(run), folder(run, "base"))
    assert (entry["low"], entry["p"]) == (None, None)
    assert "too few for an interval" in text
    json.dumps(entry, allow_nan=False)
