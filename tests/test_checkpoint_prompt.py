"""What generation reads of a checkpoint: its template, its end tokens, its weights; half of one is refused."""

import hashlib
import json
import shutil
from collections import Counter

import pytest
from small_rows import TOKENS, read
from transformers import AutoTokenizer, GenerationConfig

from reins.eval.io.errors import InputError
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.generate import generate


def test_tags_of_ordinary_text_are_kept(tiny, rows, tmp_path):
    """`<think>` is three ordinary tokens to this model, and the template opens it in the prompt."""
    folder = shutil.copytree(tiny, tmp_path / "opened")
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant\n", "assistant\n<think>\n"))
    records = read(generate(folder, rows, tmp_path / "out", samples=1, max_new_tokens=TOKENS))
    assert all(record["text"].startswith("<think>\n") for record in records)
    assert {record["state"] for record in records} == {"unclosed"}
    assert all(record["answer_tokens"] == 0 for record in records)


def test_every_end_token_ends(tiny, rows, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    plain = read(generate(folder, rows, tmp_path / "one", samples=1, temperature=0, max_new_tokens=TOKENS))
    used = Counter(token for record in plain for token in set(tokenizer.encode(record["text"])))
    common = next(token for token, _ in used.most_common() if tokenizer.decode([token]).strip().isalpha())
    GenerationConfig(eos_token_id=[tokenizer.eos_token_id, common]).save_pretrained(folder)
    ended = read(generate(folder, rows, tmp_path / "two", samples=1, temperature=0, max_new_tokens=TOKENS))
    assert (
        sum(short["answer_tokens"] < long["answer_tokens"] for short, long in zip(ended, plain, strict=True))
        > 5
    )
    for short, long in zip(ended, plain, strict=True):
        assert common not in tokenizer.encode(short["text"])
        assert long["text"].startswith(short["text"].rstrip("\ufffd"))


def test_replies_end_where_the_template_ends_a_turn(tiny, tmp_path):
    """A base's own end token is often another: Qwen2.5's is `<|endoftext|>`, its turns end by `<|im_end|>`."""
    folder = shutil.copytree(tiny, tmp_path / "base")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    turn_end, tokenizer.eos_token = tokenizer.eos_token_id, "<|endoftext|>"
    tokenizer.save_pretrained(folder)
    GenerationConfig(eos_token_id=tokenizer.eos_token_id).save_pretrained(folder)
    assert read_checkpoint(str(folder)).stops == {turn_end, tokenizer.eos_token_id}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("tokenizer", "no tokenizer"),
        ("chat_template.jinja", "no chat template"),
        ("config.json", "not a checkpoint"),
        ("model.safetensors", "no weights"),
    ],
)
def test_half_a_checkpoint_is_refused(tiny, rows, tmp_path, file, said):
    folder = shutil.copytree(tiny, tmp_path / "half")
    for found in folder.glob(f"{file}*"):
        found.unlink()
    with pytest.raises(InputError, match=f"half: .*{said}"):
        generate(folder, rows, tmp_path / "out")


def test_the_template_must_be_the_one_of_training(tiny, rows, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "trained")
    messages = [{"role": "user", "content": "How many\npens?"}]
    text = AutoTokenizer.from_pretrained(folder).apply_chat_template(
        messages, add_generation_prompt=True, tokenize=False
    )
    note = {"messages": messages, "text": text, "hash": hashlib.sha256(text.encode()).hexdigest()}
    (folder / "prompt.json").write_text(json.dumps(note))
    generate(folder, rows, tmp_path / "same", samples=1, max_new_tokens=2)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant\n", "assistant\n<think>\n"))
    with pytest.raises(InputError, match="trained: its chat template is not the one") as caught:
        generate(folder, rows, tmp_path / "other", samples=1, max_new_tokens=2)
    assert repr(text) in str(caught.value) and repr(f"{text}<think>\n") in str(caught.value)
    assert "\n" not in str(caught.value) and not (tmp_path / "other/responses.jsonl").exists()
    (folder / "prompt.json").unlink()
    generate(folder, rows, tmp_path / "foreign", samples=1, max_new_tokens=2)


def test_broken_weights_are_refused(tiny, rows, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "broken")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(InputError, match="model.safetensors: not whole"):
        generate(folder, rows, tmp_path / "out")
