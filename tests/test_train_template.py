"""A base that ends texts by one token, and a template that ends turns by another: the turn's end is learned and kept."""

import hashlib
import json
import shutil

import pytest
from safetensors.torch import load_file
from stages import grpo_rows, lines, make_stage, same, sft_rows, train, weights
from tiny import make_tiny
from transformers import AutoConfig, AutoTokenizer, GenerationConfig

from reins.eval.io.errors import InputError
from reins.eval.io.templates import DAY, on_one_day, turn_end
from reins.train import sft


@pytest.fixture(scope="module")
def qwen_like(tmp_path_factory):
    """Like Qwen2.5's base: config, generation config and tokenizer say <|endoftext|>, the template <|im_end|>."""
    folder = make_tiny(tmp_path_factory.mktemp("qwenlike"))
    for name in ("config.json", "generation_config.json"):
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(content | {"eos_token_id": 0}))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.eos_token = "<|endoftext|>"
    tokenizer.save_pretrained(folder)
    return folder


def stands_alone(folder, messages):
    """Tokenizer, template, generation config and prompt.json of a checkpoint agree on the turn's end."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert tokenizer.eos_token_id == AutoConfig.from_pretrained(folder).eos_token_id == end
    assert GenerationConfig.from_pretrained(folder).eos_token_id == [end, 0]
    assert tokenizer.pad_token_id == GenerationConfig.from_pretrained(folder).pad_token_id == 0
    prompt = json.loads((folder / "prompt.json").read_text())
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert prompt == {
        "messages": messages,
        "text": text,
        "hash": hashlib.sha256(text.encode()).hexdigest(),
    }


def test_every_checkpoint_ends_where_the_template_ends_a_turn(qwen_like, tmp_path):
    for trainer, rows in (("sft", sft_rows()), ("grpo", grpo_rows())):
        out = train(make_stage(tmp_path / trainer, qwen_like, trainer, {"max_steps": 3}), trainer)
        messages = next(rows)["prompt"]
        for name in ("checkpoint-2", "final"):
            stands_alone(out / name, messages)
            assert not list((out / name).glob("training_args*"))


def test_rollouts_stop_at_the_end_of_the_turn(qwen_like, tmp_path):
    """The tiny model likes <|im_end|>: where rollouts stop there, few are cut, and few hold it in their midst."""
    args = {"max_steps": 1, "save_strategy": "no"}
    log = lines(train(make_stage(tmp_path / "rl", qwen_like, "grpo", args), "grpo") / "log.jsonl")
    assert log[1]["cut"] < 0.5 and log[1]["completions/clipped_ratio"] == log[1]["cut"]


def test_grpo_takes_a_template_as_sft_does(qwen_like, tmp_path):
    bare = shutil.copytree(qwen_like, tmp_path / "bare")
    template = tmp_path / "short.jinja"
    template.write_text((bare / "chat_template.jinja").read_text().replace("<|im_start|>", "<|im_start|>my "))
    (bare / "chat_template.jinja").unlink()
    for trainer in ("sft", "grpo"):
        args = {"chat_template_path": str(template), "max_steps": 1, "save_strategy": "no"}
        out = train(make_stage(tmp_path / trainer, bare, trainer, args), trainer)
        assert (out / "final" / "chat_template.jinja").read_text() == template.read_text()
        assert json.loads((out / "final" / "prompt.json").read_text())["text"].endswith(
            "<|im_start|>my assistant\n"
        )


def test_a_template_that_writes_the_date_is_learned_and_kept_with_one_day(qwen_like, tmp_path):
    template = tmp_path / "dated.jinja"
    dated = "{{ strftime_now('%d %B %Y') }}" + (qwen_like / "chat_template.jinja").read_text()
    template.write_text(dated)
    args = {"chat_template_path": str(template), "max_steps": 1, "save_strategy": "no"}
    out = train(make_stage(tmp_path / "sft", qwen_like, "sft", args))
    assert (out / "final" / "chat_template.jinja").read_text() == on_one_day(dated)
    assert json.loads((out / "final" / "prompt.json").read_text())["text"].startswith(f"{DAY:%d %B %Y}")


@pytest.mark.parametrize(
    ("closing", "token"),
    [
        ("<|im_end|>\n", "<|im_end|>"),
        (" <|endoftext|>", "<|endoftext|>"),
        ("\n<|im_end|><|im_start|>", "<|im_end|>"),
    ],
)
def test_the_closing_token_is_read_off_the_template(qwen_like, closing, token):
    tokenizer = AutoTokenizer.from_pretrained(qwen_like)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + m['content'] + '"
        + closing.replace("\n", "\\n")
        + "' }}{% endfor %}"
    )
    assert turn_end(tokenizer) == token


def test_the_end_is_learned_and_stopped_at_where_rows_are_padded_with_it(base, tmp_path):
    """Padding has no label and nobody attends to it, so it changes no weight, however it is named."""
    padded = shutil.copytree(base, tmp_path / "padded")
    tokenizer = AutoTokenizer.from_pretrained(padded)
    tokenizer.pad_token = "<|im_end|>"
    tokenizer.save_pretrained(padded)
    args = {"max_steps": 3, "save_strategy": "no"}
    apart = train(make_stage(tmp_path / "apart", base, "sft", args))
    for name, model, more in (("base", padded, {}), ("args", base, {"pad_token": "<|im_end|>"})):
        out = train(make_stage(tmp_path / name, model, "sft", args | more))
        assert same(weights(apart), weights(out)), name
        assert GenerationConfig.from_pretrained(out / "final").eos_token_id == [tokenizer.eos_token_id]
    assert not same(weights(apart), load_file(base / "model.safetensors"))


def test_rewards_read_completions_as_evaluation_does(tmp_path):
    """Tags that are special tokens, and thoughts that a tokenizer's own `response_template` would take out of the text."""
    plain = make_tiny(tmp_path / "plain", think_tokens=True)
    marked = shutil.copytree(plain, tmp_path / "marked")
    tokenizer = AutoTokenizer.from_pretrained(marked)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]})
    tokenizer.save_pretrained(marked)
    thought = {"open": "<think>", "close_pattern": "</think>", "content": "text"}
    fields = {
        "reasoning_content": thought,
        "content": {"close_pattern": r"<\|im_end\|>|$", "content": "text"},
    }
    parsed = {"defaults": {"role": "assistant"}, "start_anchor": "<|im_start|>assistant\n", "fields": fields}
    settings = marked / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"response_template": parsed}))
    assert AutoTokenizer.from_pretrained(marked).response_template
    args = {"max_steps": 1, "save_strategy": "no", "per_device_train_batch_size": 32}
    logs = [
        lines(train(make_stage(tmp_path / name, model, "grpo", args), "grpo") / "log.jsonl")[1]
        for name, model in (("a", plain), ("b", marked))
    ]
    assert logs[0]["reasoning_closed"] == logs[1]["reasoning_closed"] > 0
    assert logs[0]["reasoning_tokens"] == logs[1]["reasoning_tokens"] > 0


def test_a_reply_is_learned_behind_a_prompt_that_is_asked(tmp_path):
    """Some templates open a thought where they ask, and render a reply that has none without it."""
    opens = make_tiny(tmp_path / "opens")
    template = opens / "chat_template.jinja"
    asks = "{{ '<|im_start|>assistant\n' }}"
    assert asks in template.read_text()
    template.write_text(template.read_text().replace(asks, asks.replace("\n'", "\n<think>\n'")))
    tokenizer = AutoTokenizer.from_pretrained(opens)
    rows = list(sft_rows(2))  # which open it themselves
    assert len(sft.tokenize(rows, tokenizer)) == 2
    for row in rows:
        row["completion"][0]["content"] = "The answer is 15."
    with pytest.raises(InputError, match=r"goes on otherwise than it is asked, by .*<think>") as caught:
        sft.tokenize(rows, tokenizer)
    assert "\n" not in str(caught.value)
