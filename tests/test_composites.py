"""Composites: every witness passes, splits share nothing, published rows are judged, the card says what was done."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from conftest import DATA, needs_data

from reins.data_builders.card import card, push_to_hub
from reins.data_builders.composites import composites, halves, judged
from reins.data_builders.draw import problems
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl
from reins.eval.verify import Pools, verdicts
from reins.eval.verify.answers import boxed
from reins.eval.verify.rows import as_row

SPLITS = ("train", "seen", "unseen_values", "unseen_type")
HELD_OUT = ["startend:quotation", "startend:end_checker", "keywords:frequency"]


@pytest.fixture
def source(tmp_path) -> str:
    path = tmp_path / "sums.jsonl"
    rows = [{"question": f"What is {n} + {n + 1}?", "answer": str(2 * n + 1)} for n in range(400)]
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def values(rows) -> set[str]:
    """Every kwarg value that comes from a pool: texts as they are, numbers by their key."""
    kept = [item for row in rows for each in row.constraints for item in each.kwargs.items()]
    listed = [(key, one) for key, value in kept for one in (value if isinstance(value, list) else [value])]
    named = [(key, one) for key, one in listed if "relation" not in key]
    return {one if isinstance(one, str) else f"{key} {one}" for key, one in named}


def types(rows) -> set[str]:
    return {each.id for row in rows for each in row.constraints}


def holds(row, preset="reins") -> bool:
    return (
        all(verdicts(row.constraints, row.extra["witness"], preset=preset))
        and boxed(row.extra["witness"]) == row.answer
    )


@needs_data
def test_500_composites_from_gsm8k_each_with_a_witness_that_passes():
    rows = list(composites(500, 0, source=str(DATA / "gsm8k" / "train.jsonl")))
    assert len(rows) == 500 and all(map(holds, rows))
    assert len({row.name for row in rows}) == len({row.problem_id for row in rows}) == 500
    assert Counter(len(row.constraints) for row in rows) == {1: 170, 2: 165, 3: 165}
    for row in rows:
        assert as_row(row.line(), "", 0, "") == row


@needs_data
@pytest.mark.slow
def test_memory_does_not_grow_with_the_source():
    code = (
        "import resource, sys; from reins.data_builders.composites import composites;"
        "rows = sum(1 for _ in composites(int(sys.argv[1]), 0, source=sys.argv[2:]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    sources = [str(DATA / "gsm8k" / "train.jsonl"), str(DATA / "deepscaler_union")]
    run = [subprocess.check_output([sys.executable, "-c", code, n, *sources]) for n in ("500", "10000")]
    assert int(run[1]) - int(run[0]) < 100, "MiB for 9,500 more rows"


def test_splits_share_no_problem_no_value_and_where_asked_no_type(source):
    built = {
        split: list(composites(60, 0, source=source, split=split, held_out=HELD_OUT)) for split in SPLITS
    }
    for split, rows in built.items():
        assert all(map(holds, rows)) and {row.extra["split"] for row in rows} == {split}
    train = built["train"]
    for split in SPLITS[1:]:
        assert not {row.problem_id for row in train} & {row.problem_id for row in built[split]}
    assert values(built["seen"]) & values(train)
    for split in ("unseen_values", "unseen_type"):
        assert not values(train) & values(built[split])
    assert types(built["unseen_type"]) == set(HELD_OUT)
    assert not any(types(built[split]) & set(HELD_OUT) for split in SPLITS[:3])


def test_same_seed_same_rows_in_any_process(source):
    code = (
        "import json, sys; from reins.data_builders.composites import composites;"
        "print([json.dumps(row.line()) for row in composites(20, int(sys.argv[1]), source=sys.argv[2])])"
    )

    def built(seed: int, hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        return subprocess.check_output(
            [sys.executable, "-c", code, str(seed), source], env=environment, text=True
        )

    assert built(0, "1") == built(0, "2") != built(1, "1")


def test_shares_types_and_pools_are_kept_to(source):
    phrases = ["The end.", "Done so far."]
    built = composites(
        40,
        0,
        source=source,
        types=["startend:end_checker", "length_constraint_checkers:number_words"],
        shares={1: 0.25, 2: 0.75},
        pools={"phrases": phrases, "words": [20, 60]},
    )
    rows = list(built)
    assert Counter(len(row.constraints) for row in rows) == {1: 10, 2: 30}
    assert values(rows) <= {"The end.", *(f"num_words {count}" for count in range(20, 41))}


def test_refused_draws_are_counted_by_the_constraints_that_refuse(source):
    clash = ["change_case:english_lowercase", "change_case:english_capital", "punctuation:no_comma"]
    built = composites(30, 0, source=source, types=clash, shares={2: 1.0})
    rows = list(built)
    assert all({each.id for each in row.constraints} != set(clash[:2]) for row in rows)
    assert set(built.tally.refused) == {tuple(sorted(clash[:2]))}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"split": "test"}, "unknown split 'test'; choose from train, seen"),
        ({"types": ["no_comma"]}, "no_comma: unknown constraint"),
        ({"shares": {1: 0.5}}, "add to 0.5"),
        ({"shares": {4: 1.0}}, "a row has 1, 2 or 3 constraints"),
        ({"pools": {"phrase": ["a", "b"]}}, "unknown key 'phrase'"),
        ({"pools": {"phrases": ["a"]}}, "phrases holds one value"),
        ({"pools": {"words": 5}}, "pools.words: 5"),
        ({"pools": {"words": [200, 100]}}, r"pools.words: \[200, 100\]"),
        ({"pools": {"keywords": ["a", "a"]}}, "pools.keywords: .*'a', 'a'"),
        ({"pools": {"keywords_each": 500}}, "pools.keywords_each: 500 of"),
        ({"types": ["startend:quotation", "startend:quotation"]}, "types: one of them stands twice"),
        ({"shares": {"1": 0.5}}, "add to 0.5"),
        ({"types": ["startend:quotation"], "shares": {2: 1.0}}, "1 constraint types for 2 in a row"),
        ({"split": "unseen_type"}, "0 constraint types"),
        ({"rows": 5000}, "320 problems in the train half, 5000 wanted|3[0-9][0-9] problems"),
        ({"types": ["change_case:english_lowercase", "change_case:english_capital"], "shares": {2: 1.0}},
         "hold together in 1000 draws"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(source, changed, message):
    arguments = {"rows": 10, "seed": 0, "source": source} | changed
    with pytest.raises(InputError, match=message):
        list(composites(**arguments))


def test_pools_halve_into_disjoint_values():
    parts = halves(Pools())
    assert not set(parts["train"].keywords) & set(parts["test"].keywords)
    assert parts["train"].words == (128, 576) and parts["test"].words == (577, 1024)


@needs_data
@pytest.mark.parametrize(("preset", "capitals"), [("mathif", 27), ("reins", 0)])
def test_mathifs_own_rows_are_judged(preset, capitals):
    rows = list(judged(420, 0, source=str(DATA / "mathif"), preset=preset))
    why = [row.extra["why_not"] or "" for row in rows]
    assert sum("cannot hold together" in text or "no text satisfies" in text for text in why) == 4
    assert sum("itself breaks change_case:english_capital" in text for text in why) == capitals
    assert sum('"####"' in text for text in why) == 90
    assert all(row.extra["feasible"] == (row.extra["why_not"] is None) for row in rows)
    assert all(holds(row, preset) for row in rows if row.extra["witness"])
    together = {row.name for row, text in zip(rows, why, strict=True) if "cannot hold together" in text}
    assert together == {f"{name}_double-000021" for name in ("gsm8k", "math500", "minerva", "olympiad")}


@needs_data
def test_problems_leave_out_what_the_evaluation_sets_hold(tmp_path):
    deepscaler = read_jsonl(DATA / "deepscaler_union" / "deepscaler_union_29336.jsonl")
    sums = [{"question": f"Take {n} from {3 * n}.", "answer": str(2 * n)} for n in range(40)]
    broken = {"problem": "A broken one.", "answer": r"\frac{1}{2"}
    copies = [row for row in deepscaler if row["problem"].startswith("Steve says to Jon")]
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in [*copies, broken, *sums, sums[0]]))
    built = problems(10, 0, source=str(path), against=[str(DATA / "qwen_math_eval")])
    assert len(list(built)) == 10
    assert {one.kind for one in built.tally.overlaps} == {"exact"}
    assert built.tally.broken == [f"mixed-{len(copies):06d}"] and built.tally.duplicates == 1


def test_card_tells_what_is_in_the_set_and_what_was_left_out(source):
    built = composites(
        30, 3, source=source, types=["punctuation:no_comma", "startend:quotation"], shares={2: 1.0}
    )
    text = card(list(built), name="sums", command="reins build sums", seed=3, tally=built.tally)
    assert text.startswith("---\npretty_name: sums\nlicense: other\n")
    assert "| punctuation:no_comma | startend:quotation | 30 |" in text
    assert "30 rows. Seed 3." in text and "reins build sums" in text
    assert "overlap with evaluation sets: not looked for" in text


def test_push_sends_rows_and_card(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(
        "huggingface_hub.HfApi.create_repo", lambda self, *a, **k: calls.append(("repo", a, k))
    )
    monkeypatch.setattr(
        "huggingface_hub.HfApi.upload_file", lambda self, **k: calls.append(k["path_in_repo"])
    )
    push_to_hub(tmp_path, "me/sums")
    assert calls == [("repo", ("me/sums",), {"repo_type": "dataset", "private": True, "exist_ok": True}),
                     "rows.jsonl", "README.md"]  # fmt: skip
