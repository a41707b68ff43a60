"""A checkpoint is asked as it was trained: what TRL gave the template is noted, and given again."""

import json

import pytest
from stages import lines, make_stage, train
from tiny import make_tiny

from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.generate import generate
from reins.eval.verify.rows import read_rows
from reins.recipes.rehearse.tiny_model import make

THINKING = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}"
)
ROW = {"source": "a", "id": "1", "question": "2 + 2?", "answer": "4"}
ROW |= {key: [] for key in ("constraint_name", "constraint_args", "constraint_desc")}


@pytest.fixture
def base(tmp_path):
    folder = make_tiny(tmp_path / "base")
    (folder / "chat_template.jinja").write_text(THINKING)
    return folder


def test_a_switch_of_the_template_reaches_evaluation(base, tmp_path):
    args = {"max_steps": 1, "chat_template_kwargs": {"enable_thinking": False}}
    out = train(make_stage(tmp_path / "stage", base, "grpo", args), "grpo")
    note = json.loads((out / "final" / "prompt.json").read_text())
    assert note["options"] == {"enable_thinking": False} and note["text"].endswith("</think>\n\n")
    checkpoint = read_checkpoint(str(out / "final"))
    assert checkpoint.options == {"enable_thinking": False}
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(ROW) + "\n")
    written = generate(str(out / "final"), rows, tmp_path / "out", max_new_tokens=4)
    assert all(line["text"].startswith("<think>") for line in lines(written))
    assert read_checkpoint(str(base)).options == {}


def test_qwen3s_own_template_without_thinking_goes_through_rl_and_its_evaluation(tmp_path):
    base, rows = tmp_path / "base", tmp_path / "rows.jsonl"
    make("Qwen/Qwen3-4B", base)
    rows.write_text(json.dumps(ROW) + "\n")
    args = {"max_steps": 2, "chat_template_kwargs": {"enable_thinking": False}}
    out = train(make_stage(tmp_path / "stage", base, "grpo", args), "grpo")
    trained = json.loads((out / "final" / "prompt.json").read_text())["text"]
    lead = "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    assert trained.startswith("<|im_start|>user\nTom has 0 apples") and trained.endswith(lead)
    checkpoint = read_checkpoint(str(out / "final"))
    assert checkpoint.prompt(read_rows(rows)[0], preset="reins", with_constraints=True).text.endswith(lead)
    written = generate(str(out / "final"), rows, tmp_path / "out", max_new_tokens=4)
    assert all(line["text"].startswith("<think>\n\n</think>") for line in lines(written))


def test_a_checkpoint_of_a_dated_template_is_asked_on_the_day_it_was_trained_on(base, tmp_path):
    dated = "{{ strftime_now('%Y-%m-%d') }}" + THINKING
    (base / "chat_template.jinja").write_text(dated)
    for trainer in ("sft", "grpo"):
        out = train(make_stage(tmp_path / trainer, base, trainer, {"max_steps": 1}), trainer)
        kept = json.loads((out / "final" / "prompt.json").read_text())["text"]
        checkpoint = read_checkpoint(str(out / "final"))
        assert kept.startswith("2024-07-26") and "macro" in checkpoint.tokenizer.chat_template
        assert read_checkpoint(str(base)).tokenizer.chat_template == checkpoint.tokenizer.chat_template
