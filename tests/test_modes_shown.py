"""Modes that show something, reply twice or only decide: examples that hold, both passes kept, a decision as a number."""

import json
import math
import shutil

import pytest
from small_rows import keyed, read, write

from reins.data_builders import BUILDERS
from reins.eval.io.errors import InputError
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.generate import generate
from reins.eval.sample.modes.names import parse_mode
from reins.eval.score.score import score
from reins.eval.verify import render, split_reasoning, verdicts
from reins.eval.verify.overlap import Evaluated
from reins.eval.verify.rows import read_rows
from reins.eval.verify.thought_formats import THINK

ASKED = {"samples": 2, "max_new_tokens": 24}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Six evaluated composites, and examples apart from them."""
    folder = tmp_path_factory.mktemp("shown")
    rows, examples = folder / "rows.jsonl", folder / "examples.jsonl"
    write(rows, [row.line() for row in BUILDERS["micro.composites"](rows=6, seed=2, pool="test")])
    write(examples, [row.line() for row in BUILDERS["micro.examples"](rows=10, seed=3, against=str(rows))])
    return rows, examples


@pytest.mark.parametrize("kind", ["story", "writing"])
def test_examples_hold_their_constraints_and_share_nothing_with_what_is_evaluated(files, kind):
    rows = list(BUILDERS["micro.composites"](rows=40, seed=5, pool="test"))
    evaluated = Evaluated(rows)
    built = list(BUILDERS["micro.examples"](rows=12, seed=3, kind=kind, against=[str(files[0])]))
    assert len({row.problem_id for row in built}) == 12
    for row in built:
        split = split_reasoning(row.response)
        assert split.reasoned and row.constraints and all(verdicts(row.constraints, split.answer))
        assert not evaluated.has_problem(row)
    near = Evaluated(read_rows(files[0]))
    assert not any(near.has_constraint(each) for row in built for each in row.constraints)


def test_examples_are_shown_whole_without_constraints_or_without_thoughts(files):
    rows = read_rows(files[0])
    whole, plain, bare = (
        parse_mode(name).with_file(str(files[1]), rows)
        for name in ("few_shot 3", "few_shot_plain 3", "few_shot_direct 3")
    )
    assert whole.examples == plain.examples == bare.examples and len(whole.examples) == 3
    turns = {mode.name: mode.turn(render(rows[0]), THINK) for mode in (whole, plain, bare)}
    for example in whole.examples:
        answer, said = split_reasoning(example.response).answer, example.constraints[0].description.strip()
        assert answer in turns["few_shot"] and answer in turns["few_shot_direct"]
        assert said in turns["few_shot"] and said not in turns["few_shot_plain"]
        assert example.question in turns["few_shot_plain"]
    assert turns["few_shot"].count("</think>") > 3 > turns["few_shot_direct"].count("think")
    assert all(render(rows[0]) in turn for turn in turns.values())


def test_a_draw_of_examples_is_the_same_every_time_and_another_number_draws_others(thinker, files, tmp_path):
    rows, examples = files
    shown = {"examples": examples, **ASKED}
    notes = [
        json.loads(
            (
                generate(thinker, rows, tmp_path / name, mode=mode, **shown).parent / "generation.json"
            ).read_text()
        )
        for name, mode in (("a", "few_shot 3"), ("b", "few_shot 3"), ("c", "few_shot 3 1"))
    ]
    assert notes[0]["examples"] == notes[1]["examples"] != notes[2]["examples"]
    assert (tmp_path / "a/responses.jsonl").read_bytes() == (tmp_path / "b/responses.jsonl").read_bytes()
    assert parse_mode("few_shot").with_file(str(examples), read_rows(rows)).number == 0


@pytest.mark.parametrize(
    ("mode", "change", "said"),
    [
        ("few_shot", None, "mode few_shot: no examples to show; give a file of examples"),
        ("few_shot 40", {}, "10 examples, mode few_shot 40 shows 40"),
        ("few_shot", {"response": "<think>\nHm.\n</think>\n\n"}, "has no thought or no answer"),
        ("few_shot", {"response": "<think>\nHm.\n</think>\n\nNo."}, "does not hold constraints of its own"),
        ("few_shot", "evaluated", "is the problem of composite-test-00000., which is evaluated"),
        ("think", {}, "examples: mode think shows none"),
        ("reflect_other", None, "mode reflect_other: no replies to show; give a file of replies"),
        ("reflekt", None, "'reflekt' is unknown; did you mean 'reflect'"),
        ("few_shot 0", None, r"'few_shot 0' is none; write few_shot \[N\] \[N\], numbers from 1"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_anything_runs(thinker, files, tmp_path, mode, change, said):
    file = tmp_path / "examples.jsonl"
    if change == "evaluated":
        write(file, [row | {"response": row["response"]} for row in read(files[0])])
    else:
        write(file, [row | (change or {}) for row in read(files[1])])
    with pytest.raises(InputError, match=said):
        generate(thinker, files[0], tmp_path / "out", mode=mode, examples=None if change is None else file)
    assert not (tmp_path / "out").exists()


def test_reflect_shows_the_first_reply_and_keeps_both_passes(thinker, files, tmp_path):
    rows = files[0]
    first = keyed(generate(thinker, rows, tmp_path / "cot", mode="cot", **ASKED))
    both = keyed(generate(thinker, rows, tmp_path / "reflect", mode="reflect", **ASKED))
    control = keyed(generate(thinker, rows, tmp_path / "again", mode="again", **ASKED))
    checkpoint, by_name = read_checkpoint(str(thinker)), {row.name: row for row in read_rows(rows)}
    for key, record in both.items():
        assert {name: value for name, value in first[key].items() if name not in ("row", "sample")} == record[
            "first"
        ]
        assert (
            control[key]["first"] == record["first"] and control[key]["prompt_hash"] != record["prompt_hash"]
        )
        split = split_reasoning(record["first"]["text"], known=THINK)
        turn = parse_mode("reflect").turn_after(render(by_name[key[0]]), split, THINK)
        prompt = checkpoint.prompt_of(turn)
        assert prompt.hash == record["prompt_hash"] and split.answer in turn
        assert (record["calls"], record["first"]["calls"]) == (2, 1)
        assert record["prompt_tokens"] == record["first"]["prompt_tokens"] + len(prompt.tokens)
        assert record["drawn_tokens"] <= 2 * ASKED["max_new_tokens"]


def test_a_kill_between_two_passes_ends_in_the_same_bytes(thinker, files, tmp_path):
    whole = generate(thinker, files[0], tmp_path / "whole", mode="reflect", **ASKED)
    lines = whole.read_bytes().splitlines(keepends=True)
    (killed := tmp_path / "killed").mkdir()
    shutil.copy(whole.parent / "generation.json", killed)
    (killed / "responses.partial-0.jsonl").write_bytes(b"".join(lines[7:4:-1]) + lines[2][:40])
    again = generate(thinker, files[0], killed, mode="reflect", batch_size=16, **ASKED)
    assert again.read_bytes() == whole.read_bytes()


def test_another_models_reply_is_judged_in_one_pass(thinker, files, tmp_path):
    other = generate(thinker, files[0], tmp_path / "other", mode="cot", **ASKED)
    own = keyed(generate(thinker, files[0], tmp_path / "own", mode="reflect", **ASKED))
    shown = keyed(
        generate(thinker, files[0], tmp_path / "shown", mode="reflect_other", replies=other, **ASKED)
    )
    for key, record in shown.items():
        assert (record["prompt_hash"], record["text"]) == (own[key]["prompt_hash"], own[key]["text"])
        assert record["calls"] == 1 and record["first"]["calls"] == 0


def test_scores_tell_what_the_second_pass_changed(files, tmp_path):
    rows = read_rows(files[0])
    held = {row.name: split_reasoning(row.response).answer for row in rows}
    write(
        tmp_path / "responses.jsonl",
        [
            {
                "row": name,
                "sample": 0,
                "text": text,
                "calls": 2,
                "first": {"text": "" if number % 2 else text},
            }
            for number, (name, text) in enumerate(held.items())
        ],
    )
    scores = read(score(files[0], tmp_path / "responses.jsonl", tmp_path / "scored"))
    assert [score["first"]["same"] for score in scores] == [True, False] * 3
    assert all(score["hacc"] and score["calls"] == 2 for score in scores)
    assert [all(score["first"]["verdicts"]) for score in scores][::2] == [True] * 3


def test_decide_asks_a_row_once_and_reads_both_words_at_the_first_token(thinker, files, tmp_path):
    records = read(generate(thinker, files[0], tmp_path, mode="decide", **ASKED))
    assert len(records) == 6 and all(0 < record["p_yes"] < 1 for record in records)
    import torch
    from transformers import AutoModelForCausalLM

    checkpoint, row = read_checkpoint(str(thinker)), read_rows(files[0])[0]
    prompt = checkpoint.prompt_of(parse_mode("decide").turn(render(row), THINK))
    with torch.no_grad():
        logits = AutoModelForCausalLM.from_pretrained(thinker)(torch.tensor([prompt.tokens])).logits[0, -1]
    p = torch.softmax(logits.double(), -1)
    begin = [
        {checkpoint.encode(f"{space}{word}")[0] for word in words for space in ("", " ")}
        for words in (("YES", "Yes", "yes"), ("NO", "No", "no"))
    ]
    yes, no = (sum(float(p[token]) for token in these - those) for these, those in (begin, begin[::-1]))
    assert math.isclose(records[0]["p_yes"], yes / (yes + no), rel_tol=1e-4)
    assert math.isclose(records[0]["p_word"], yes + no, rel_tol=1e-4)
