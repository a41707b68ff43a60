"""Attention on the constraints: from responses to figures; and bad input in one line."""

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from small_rows import read, write
from tiny import make_other, make_tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from reins.eval.attention.attend import attend, report
from reins.eval.attention.run import run
from reins.eval.attention.spans import row_spans
from reins.eval.io.errors import InputError
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.prompt_places import Asked, random_places, read_prompt
from reins.eval.verify import render
from reins.eval.verify.constraints.constraint import Constraint
from reins.eval.verify.prompt import REQUEST
from reins.eval.verify.rows import read_rows

NO_COMMA = "Write your answer without commas."
SMALL = "Use small letters only."
THOUGHT = "Ann sells pens. She gets two dollars each. So I add them up and check it."


def a_row(index):
    return {
        "source": "test",
        "id": str(index),
        "row": f"test-{index}",
        "problem_id": str(index),
        "question": f"Ann sells {index} pens for 2 dollars each. She then buys 12 apples and gives some of them away. "
        "How many dollars does she get for the pens and how many apples has she left after that?",
        "answer": str(2 * index),
        "constraint_name": ["punctuation:no_comma", "change_case:english_lowercase"],
        "constraint_args": [None, None],
        "constraint_desc": [NO_COMMA, SMALL],
    }


def a_response(index, text):
    return {"row": f"test-{index}", "sample": 0, "text": text}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("model"), think_tokens=True)


@pytest.fixture
def data(tmp_path):
    write(tmp_path / "rows.jsonl", [a_row(index) for index in range(4)])
    return tmp_path / "rows.jsonl"


@pytest.fixture
def responses(tmp_path):
    texts = [
        f"<think>\n{' '.join([THOUGHT] * min(index + 1, 2))}\n</think>\n\n"
        f"the answer is \\boxed{{{2 * index}}} and that is all there is to say. " + "bye " * 20
        for index in range(3)
    ]
    write(
        tmp_path / "responses.jsonl",
        [
            *(a_response(index, text) for index, text in enumerate(texts)),
            a_response(3, "It is six, I think."),
        ],
    )
    return tmp_path / "responses.jsonl"


def lines_of(out):
    return {(line["row"], line["after"]): line for line in read(out / "attention.jsonl")}


def test_figures_are_those_of_the_model_s_own_maps(model, data, responses, tmp_path):
    attend(str(model), data, responses, tmp_path / "out")
    line = lines_of(tmp_path / "out")["test-1", "thought"]
    tokenizer = AutoTokenizer.from_pretrained(model)
    row = read_rows(data)[1]
    turn = render(row)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": turn}], add_generation_prompt=True, tokenize=False
    )
    text = read(responses)[1]["text"]
    thought, answer = text[: text.index("the answer")], text[text.index("the answer") :]
    parts = [tokenizer.encode(part, add_special_tokens=False) for part in (prompt, thought, answer)]
    offsets = tokenizer(prompt, return_offsets_mapping=True, add_special_tokens=False)["offset_mapping"]
    start = prompt.index(NO_COMMA)
    inside = [at for at, (a, b) in enumerate(offsets) if a < start + len(NO_COMMA) and b > start]
    eager = AutoModelForCausalLM.from_pretrained(model, attn_implementation="eager")
    with torch.no_grad():
        maps = eager(
            torch.tensor([[token for part in parts for token in part]]), output_attentions=True
        ).attentions
    first = len(parts[0]) + len(parts[1]) - 1  # the row that predicts the first answer token
    rows = np.stack([each[0].mean(0)[first : first + 16].numpy() for each in maps])
    onset = line["phases"]["onset"]
    assert (line["prompt_tokens"], line["thought_tokens"], line["answer_tokens"]) == tuple(map(len, parts))
    mass, of_prompt = rows[:, :, inside].sum(-1).mean(1), rows[:, :, : len(parts[0])].sum(-1).mean(1)
    span = onset["spans"][0]
    np.testing.assert_allclose(span["mass"], mass, atol=1e-5)
    np.testing.assert_allclose(span["per_token"], mass / len(inside), atol=1e-6)
    np.testing.assert_allclose(span["share"], mass / of_prompt, rtol=1e-4)
    np.testing.assert_allclose(span["lift"], mass / of_prompt * len(parts[0]) / len(inside), rtol=1e-4)
    np.testing.assert_allclose(onset["prompt"], of_prompt, atol=1e-5)
    np.testing.assert_allclose(onset["sink"], rows[:, :, 0].mean(1), atol=1e-5)
    assert line["layers"] == [0, 1]


def test_each_answer_is_scored_after_every_context(model, data, responses, tmp_path):
    summary_file = attend(str(model), data, responses, tmp_path / "out")
    lines = lines_of(tmp_path / "out")
    assert {after for row, after in lines if row == "test-0"} == {"nothing", "thought", "filler", "other"}
    assert {after for row, after in lines if row == "test-3"} == {"nothing"}  # it does not think
    for row in ("test-0", "test-1", "test-2"):
        same = [lines[row, after] for after in ("thought", "filler", "other")]
        assert len({line["thought_tokens"] for line in same}) == 1  # as far away
        assert len({line["answer_tokens"] for line in same}) == 1
        spans = {span["span"]: span["tokens"] for span in same[0]["spans"]}
        assert spans["random"] == spans["all"]
        assert same[0]["free_tokens"] >= spans["random"]
    assert (
        "thought" not in lines["test-0", "filler"]["phases"] or lines["test-0", "thought"]["phases"]["rest"]
    )
    summary = json.loads(summary_file.read_text())
    drops = {(entry["measure"], entry["part"]): entry for entry in summary["drops"]}
    for measure in ("per_token", "mass", "share", "lift"):
        parts = [drops[measure, part]["value"] for part in ("of position", "beyond position")]
        assert sum(parts) == pytest.approx(drops[measure, "drop"]["value"], abs=2e-6)
        assert drops[measure, "drop"]["n"] == 3
    for part in ("drop", "beyond position"):  # layers come to the mean over them
        layers = [
            entry["value"]
            for entry in summary["by_layer"]
            if (entry["measure"], entry["part"]) == ("lift", part)
        ]
        assert len(layers) == 2 and np.mean(layers) == pytest.approx(drops["lift", part]["value"], abs=2e-6)
    assert sum(entry["n"] for entry in summary["followed"] if entry["measure"] == "lift") == 8
    assert "beyond position" in report(summary_file)


def test_a_thought_that_never_closed_has_no_answer_to_compare(model, data, responses, tmp_path):
    kept = read(responses)[:3]
    write(responses, [*kept, a_response(3, f"<think>\n{THOUGHT}") | {"state": "unclosed", "cut": True}])
    summary = json.loads(attend(str(model), data, responses, tmp_path / "out").read_text())
    lines = lines_of(tmp_path / "out")
    assert [after for row, after in lines if row == "test-3"] == ["thought"]
    line = lines["test-3", "thought"]
    assert line["answer_tokens"] == 0 and [*line["phases"]] == ["thought"]
    assert (summary["responses"], summary["compared"]) == (3, 3)


def test_a_reply_of_nothing_is_kept_with_nothing_measured(model, data, responses, tmp_path):
    write(responses, [*read(responses)[:3], a_response(3, "")])
    summary = json.loads(attend(str(model), data, responses, tmp_path / "out").read_text())
    (line,) = [line for (row, _), line in lines_of(tmp_path / "out").items() if row == "test-3"]
    assert (line["answer_tokens"], line["phases"], line["trace"]) == (0, {}, {})
    assert summary["compared"] == 3


def test_random_places_are_other_places_of_the_user_s_text():
    asked = Asked(list(range(60)), [], range(5, 55), [23, 24], {0: [20, 21, 22], 1: [30, 31], 2: [34]})
    said, request, draws = {20, 21, 22, 30, 31, 34}, {23, 24}, set()
    for seed in range(30):
        places, left = random_places(asked, Random(seed))
        assert left == 50 - 6 - 2 and len({*places}) == len(places) == 6
        assert {*places} <= {*asked.turn} - said - request
        assert max(min(abs(place - each) for each in said) for place in places) < 15  # about as far away
        draws.add(tuple(places))
    assert len(draws) > 1
    crowded = Asked(list(range(60)), [], range(5, 11), [], {0: [6, 7, 8]})
    assert random_places(crowded, Random(0)) == ([5, 9, 10], 3)  # in parts, where no run is as long
    full = Asked(list(range(60)), [], range(5, 11), [], {0: [5, 6, 7, 8]})
    assert random_places(full, Random(0)) == (None, 2)


def asked_as(model, row, spans):
    checkpoint = read_checkpoint(str(model))
    asked = read_prompt(checkpoint, row, checkpoint.prompt_of(render(row)), spans, "reins")
    return asked, lambda places: checkpoint.tokenizer.decode([asked.tokens[place] for place in places])


def test_the_request_for_a_boxed_answer_is_no_place_to_draw_from(model, data):
    row = read_rows(data)[1]
    asked, words = asked_as(model, row, row_spans(row))
    assert words(asked.request).strip() == REQUEST
    for seed in range(10):
        assert not {*random_places(asked, Random(seed))[0]} & {*asked.request}


def test_a_question_that_says_its_constraint_itself_is_read_there_though_a_boxed_answer_is_asked_for(
    model, data
):
    said = "Please do not use any commas"
    question = f"  How many legs have six dogs? {said}."
    row = replace(
        read_rows(data)[0],
        question=question,
        constraints=[Constraint("punctuation:no_comma", {}, "")],
    )
    asked, words = asked_as(model, row, row_spans(row, preset="ifeval"))
    assert words(asked.constraints[0]).strip() == said


def test_in_a_layer_that_no_longer_sees_the_prompt_lift_is_not_defined(tmp_path, data, responses):
    layers = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 24}
    gemma = make_other(tmp_path / "gemma", "gemma3_text", query_pre_attn_scalar=16, **layers)
    summary = json.loads(attend(str(gemma), data, responses, tmp_path / "out").read_text())
    span = lines_of(tmp_path / "out")["test-1", "thought"]["phases"]["onset"]["spans"][0]
    assert span["mass"][0] == 0 and span["lift"][0] is None and span["lift"][1] > 0
    drops = {(entry["measure"], entry["part"]): entry["value"] for entry in summary["drops"]}
    (layer,) = [
        entry for entry in summary["by_layer"] if (entry["measure"], entry["part"]) == ("lift", "drop")
    ]
    assert layer["layer"] == 1 and layer["value"] == pytest.approx(drops["lift", "drop"], abs=2e-6)


def test_the_same_bytes_twice(model, data, responses, tmp_path):
    files = [attend(str(model), data, responses, tmp_path / name) for name in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_span_that_is_not_found_is_listed_and_left_out(model, tmp_path, responses):
    rows = [a_row(index) for index in range(4)]
    rows[2]["constraint_desc"] = ["", SMALL]
    write(tmp_path / "rows.jsonl", rows)
    summary = json.loads(attend(str(model), tmp_path / "rows.jsonl", responses, tmp_path / "out").read_text())
    assert summary["not_found"] == ["test-2, constraint 0"]
    spans = lines_of(tmp_path / "out")["test-2", "thought"]["spans"]
    assert [span["span"] for span in spans] == [1, "all", "random"]


def test_free_prompts_are_read_where_the_model_is_asked_them(model, tmp_path):
    said = "Please do not use any commas"
    prompt = (
        f"\n  Write about the sea and the sun and all that is under them. {said}. Be kind to those who read."
    )
    line = {"key": 5, "prompt": prompt, "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    write(tmp_path / "rows.jsonl", [line])
    write(tmp_path / "responses.jsonl", [{"row": "rows-5", "sample": 0, "text": "The sea is big and blue."}])
    attend(str(model), tmp_path / "rows.jsonl", tmp_path / "responses.jsonl", tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(model)
    turn = [{"role": "user", "content": prompt.strip()}]
    asked = tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
    offsets = tokenizer(asked, return_offsets_mapping=True, add_special_tokens=False)["offset_mapping"]
    start = asked.index(said)
    tokens = sum(a < start + len(said) and b > start for a, b in offsets)
    assert lines_of(tmp_path / "out")["rows-5", "nothing"]["spans"][0] == {"span": 0, "tokens": tokens}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"constraint_name": [], "constraint_args": [], "constraint_desc": []}, "no row has a constraint"),
        ({"row": "another"}, "is not in the data"),
    ],
)
def test_bad_rows_are_said_in_one_line(model, responses, tmp_path, changes, said):
    rows = [a_row(index) | (changes if "row" not in changes or index == 1 else {}) for index in range(4)]
    write(tmp_path / "rows.jsonl", rows)
    with pytest.raises(InputError, match=said):
        attend(str(model), tmp_path / "rows.jsonl", responses, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_responses_to_another_prompt_are_refused(model, data, responses, tmp_path):
    write(responses, [line | {"prompt_hash": "0" * 64} for line in read(responses)])
    with pytest.raises(InputError, match="answers another prompt"):
        attend(str(model), data, responses, tmp_path / "out")


def a_plan(model, data, folder):
    part = {"label": "composite", "rows": str(data), "mode": "think", "out": str(folder / "composite.think")}
    plan = {"model": str(model), "inputs": "one", "parts": [part]}
    (folder / "task").mkdir(parents=True, exist_ok=True)
    (folder / "task" / "config.yaml").write_text(json.dumps(plan))
    return folder / "task" / "config.yaml"


def test_a_task_goes_on_where_it_was_killed(model, data, responses, tmp_path):
    """What it leaves is what `reins attend` writes, whole or begun before."""
    attend(str(model), data, responses, tmp_path / "once", mode="think")
    wanted = (tmp_path / "once" / "attention.jsonl").read_bytes()
    folder = tmp_path / "run"
    (folder / "composite.think").mkdir(parents=True)
    responses.rename(folder / "composite.think" / "responses.jsonl")
    config = a_plan(model, data, folder)
    run(config)
    made = folder / "composite.think" / "attention.jsonl"
    partial = folder / "task" / "measured.composite.think.jsonl"
    assert made.read_bytes() == wanted and (folder / "task" / "done.json").exists()
    lines = partial.read_bytes().splitlines(keepends=True)
    partial.write_bytes(lines[0].replace(b'"answer_tokens": ', b'"answer_tokens": 9') + lines[1][:50])
    run(config)
    again = made.read_bytes()
    assert (
        again != wanted and again.splitlines()[4:] == wanted.splitlines()[4:]
    )  # the first is not done again


@pytest.mark.parametrize("mode", ["reflect", "few_shot 4", "decide", "boost 3"])
def test_a_mode_that_reading_does_not_repeat_is_refused_by_name(model, data, responses, tmp_path, mode):
    with pytest.raises(InputError, match=f"mode {mode}: its attention cannot be read"):
        attend(str(model), data, responses, tmp_path / "out", mode=mode)
