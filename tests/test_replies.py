"""`reins check` on responses, on a template's date, and on what a template is told in training alone."""

import json
from datetime import date

import pytest
from stages import make_stage, refused, write_rows
from tiny import CHATML, make_tiny, make_tokenizer

from reins.eval.io.templates import asked, on_one_day
from reins.recipes.preflight import preflight
from reins.recipes.recipe.schema import load

RECIPE = """\
name: case
base: base
track: {mode: disabled}
data:
  traces: {file: traces.jsonl}
  composite: {builder: micro.composites, rows: 8, split: test, pool: test}
stages:
  sft: {trainer: sft, rows: 8, data: {traces: 1.0}, args: {per_device_train_batch_size: 4, max_steps: 4, learning_rate: 1.0e-3}}
arms: {base: [], sft: [sft]}
evaluate:
  composite: {samples: 1, max_new_tokens: 48, plain: false, checkpoints: last}
"""
GOOD = "<think>\n1 + 1 is 2.\n</think>\nThe answer is 2."


def checked(tmp_path, monkeypatch, response, template=CHATML):
    monkeypatch.chdir(tmp_path)
    (make_tiny(tmp_path / "base") / "chat_template.jinja").write_text(template)
    row = {"source": "mine", "question": "1 + 1?", "answer": "2", "response": response}
    row |= {key: [] for key in ("constraint_name", "constraint_args", "constraint_desc")}
    (tmp_path / "traces.jsonl").write_text("".join(json.dumps(row | {"id": str(n)}) + "\n" for n in range(8)))
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return preflight(load(tmp_path / "recipe.yaml"), tmp_path / "runs")


REPLIES = {
    "blank": (" \n", "FAIL", "8 of 8 responses are blank"),
    "a whole conversation": (f"<|im_start|>assistant\n{GOOD}", "FAIL", "turns of a rendered conversation"),
    "another model's turns": (f"<start_of_turn>model\n{GOOD}<end_of_turn>", "FAIL", "turns of a rendered"),
    "its own end": (f"{GOOD}<|im_end|>\n", "warn", "8 of 8 responses hold an end token"),
    "a thought cut off": ("<think>\n1 + 1 is", "FAIL", "open a thought and never close it"),
    "a thought never opened": ("1 + 1 is 2.\n</think>\n2", "warn", "close a thought that neither they nor"),
}


@pytest.mark.parametrize("kind", REPLIES)
def test_a_fault_of_the_responses_is_said_by_name(kind, tmp_path, monkeypatch):
    response, level, said = REPLIES[kind]
    found = [one for one in checked(tmp_path, monkeypatch, response) if one.name == "responses"]
    assert any(one.level == level and said in one.text and one.fix for one in found), found


def test_good_responses_pass(tmp_path, monkeypatch):
    assert {one.level for one in checked(tmp_path, monkeypatch, GOOD) if one.name == "responses"} == {"ok"}


def test_a_blank_completion_is_not_trained_on(tmp_path):
    config = make_stage(tmp_path / "stage", make_tiny(tmp_path / "base"), "sft")
    rows = [
        {"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": " "}]}
    ]
    write_rows(tmp_path / "sft.jsonl", rows)
    assert "sft.jsonl:1: a blank completion; leave such rows out" in refused(config)


DATED = "{{ '<|im_start|>system\nToday: ' + strftime_now('%d %b %Y') + '<|im_end|>\n' }}" + CHATML


def test_a_date_is_the_same_on_every_day(tmp_path, monkeypatch):
    tokenizer = make_tokenizer()
    tokenizer.chat_template = DATED
    today = asked(tokenizer, [{"role": "user", "content": "why?"}])
    assert f"{date.today():%d %b %Y}" in today
    tokenizer.chat_template = on_one_day(DATED)
    assert asked(tokenizer, [{"role": "user", "content": "why?"}]) == today.replace(
        f"{date.today():%d %b %Y}", "26 Jul 2024"
    )
    assert on_one_day(tokenizer.chat_template) == tokenizer.chat_template and on_one_day(CHATML) == CHATML
    (said,) = [one for one in checked(tmp_path, monkeypatch, GOOD, DATED) if one.name == "date"]
    assert said.level == "warn" and "always give it 26 July 2024" in said.text
