"""Generation: what a sample is must depend on nothing but its row, its number and the seed."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
import torch
import yaml
from tiny import make_tiny
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl
from reins.eval.run import main, run
from reins.eval.sample import decode
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.generate import generate
from reins.eval.sample.modes.edits import parse_mode
from reins.eval.sample.progress import follow
from reins.eval.sample.sampler import pick, sample_seed, uniforms
from reins.eval.verify import render, split_reasoning
from reins.eval.verify.rows import read_rows

NO_COMMA = "punctuation:no_comma"
TOKENS = 60


@pytest.fixture(scope="module")
def thinker(tmp_path_factory):
    """Its tags are tokens, and often drawn."""
    return make_tiny(tmp_path_factory.mktemp("thinker"), think_tokens=True)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Forty rows of very different lengths."""
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write(file, [a_row(index) for index in range(40)])
    return file


def first_closed(text, tag="</think>"):
    """What stands before the tag that first closed a thought, or None; a nested or stray one closes none."""
    ends = [at for at in range(len(text)) if text.startswith(tag, at)]
    return next((text[:at] for at in ends if split_reasoning(text[: at + len(tag)]).state == "closed"), None)


def a_row(index):
    return {
        "source": "test",
        "id": str(index),
        "row": f"test-{index:06d}",
        "problem_id": str(index // 2),
        "question": f"Ann has {index} pens. " * (1 + index * 7 % 11),
        "answer": str(index),
        "constraint_name": [NO_COMMA],
        "constraint_args": [None],
        "constraint_desc": [" do not use commas "],
    }


def write(file, records):
    file.write_text("".join(json.dumps(record) + "\n" for record in records))


def read(file):
    return read_jsonl(file)


def keyed(file):
    return {(record["row"], record["sample"]): record for record in read(file)}


def test_samples_do_not_depend_on_batch_or_order(tiny, rows, tmp_path):
    backwards = tmp_path / "backwards.jsonl"
    write(backwards, read(rows)[::-1])
    made = [
        keyed(generate(tiny, data, tmp_path / str(size), samples=3, batch_size=size, max_new_tokens=TOKENS))
        for data, size in ((rows, 32), (rows, 16), (backwards, 48), (rows, 200))
    ]
    assert len(made[0]) == 120
    assert len({record["text"] for record in made[0].values()}) > 110
    assert all(one == made[0] for one in made[1:])


@pytest.mark.parametrize(("kv_heads", "seed"), [(1, 0), (2, 0), (4, 3)])
def test_logits_agree_to_the_last_bit(kv_heads, seed, rows, tmp_path, monkeypatch):
    """Equal tokens could be luck: one draw in some millions falls where the last bit decides."""
    folder, seen = make_tiny(tmp_path / "model", kv_heads=kv_heads, seed=seed), set()

    def note(logits, *args):
        seen.update(row.numpy().tobytes() for row in logits)
        return pick(logits, *args)

    monkeypatch.setattr(decode, "pick", note)
    found = []
    for size in (16, 48):
        generate(folder, rows, tmp_path / str(size), batch_size=size, max_new_tokens=TOKENS)
        found.append(seen.copy())
        seen.clear()
    assert len(found[0]) > 1000
    assert len(found[0] ^ found[1]) <= 1  # a free slot's own, where only one of them has free slots


@pytest.mark.parametrize("kv_heads", [1, 4])
def test_greedy_equals_plain_generate(kv_heads, rows, tmp_path):
    folder = make_tiny(tmp_path / "model", kv_heads=kv_heads)
    ours = read(generate(folder, rows, tmp_path / "out", samples=1, temperature=0, max_new_tokens=TOKENS))
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    for row, record in zip(read_rows(rows), ours, strict=True):
        turn = render(row)
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": turn}], add_generation_prompt=True, return_tensors="pt"
        )["input_ids"]
        plain = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=TOKENS
        )
        reply = plain[0, prompt.shape[1] :].tolist()
        ended = reply[-1] == tokenizer.eos_token_id
        assert record["text"] == tokenizer.decode(reply[:-1] if ended else reply)
        assert record["cut"] is not ended
        assert record["answer_tokens"] == len(reply) - ended


def test_records_are_sorted_and_count_their_tokens(thinker, rows, tmp_path):
    records = read(generate(thinker, rows, tmp_path, samples=4, max_new_tokens=TOKENS))
    order = [row["row"] for row in read(rows)]
    assert [(record["row"], record["sample"]) for record in records] == [
        (r, s) for r in order for s in range(4)
    ]
    assert {record["state"] for record in records} == {"closed", "unclosed", "none"}
    assert {record["cut"] for record in records} == {True, False}
    for record in records:
        thought, answer = record["reasoning_tokens"], record["answer_tokens"]
        assert (thought + answer == TOKENS) if record["cut"] else (thought + answer < TOKENS)
        assert (thought == 0) is (record["state"] == "none")
        assert (answer == 0) is (record["text"][split_reasoning(record["text"]).after :] == "")
    hashes = Counter(record["prompt_hash"] for record in records)
    assert set(hashes.values()) == {4} and len(hashes) == 40
    assert len({record["seed"] for record in records}) == 160


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


def test_a_killed_run_ends_in_the_same_bytes(tiny, rows, tmp_path):
    """As left by a kill in the middle of a write: some samples, out of order, and half a line."""
    whole = generate(tiny, rows, tmp_path / "whole", samples=3, max_new_tokens=TOKENS)
    lines = whole.read_bytes().splitlines(keepends=True)
    killed = tmp_path / "killed"
    killed.mkdir()
    shutil.copy(whole.parent / "generation.json", killed)
    (killed / "responses.partial-0.jsonl").write_bytes(b"".join(lines[70:30:-1]) + lines[5][:40])
    (killed / "responses.partial-1.jsonl").write_bytes(b"".join(lines[100:110]))
    assert generate(tiny, rows, killed, samples=3, max_new_tokens=TOKENS).read_bytes() == whole.read_bytes()
    assert not list(killed.glob("*partial*"))


def test_finished_work_is_left_and_other_settings_are_not_mixed(tiny, rows, tmp_path):
    asked = {"samples": 2, "max_new_tokens": 20}
    out = generate(tiny, rows, tmp_path, **asked)
    before = out.stat().st_mtime_ns, out.read_bytes()
    generate(tiny, rows, tmp_path, **asked, batch_size=16)
    assert out.stat().st_mtime_ns == before[0]
    with pytest.raises(
        InputError, match=r"responses.jsonl: made with other settings \(seed 0, now 1\); give"
    ):
        generate(tiny, rows, tmp_path, **asked, seed=1)
    assert (out.stat().st_mtime_ns, out.read_bytes()) == before
    generate(tiny, rows, tmp_path, **asked, seed=1, ours=True)
    other = out.read_bytes()
    assert other != before[1]
    generate(tiny, rows, tmp_path, **asked, ours=True)
    assert out.read_bytes() == before[1]
    assert keyed(out).keys() == {(f"test-{i:06d}", s) for i in range(40) for s in range(2)}


@pytest.mark.parametrize("note", [None, "", "\0" * 40, "[]"])
def test_responses_of_somebody_else_are_never_touched(tiny, rows, tmp_path, note):
    theirs = [
        tmp_path / name
        for name in ("responses_gpt4.jsonl", "responses-human.jsonl", "responses.partial-x.jsonl")
    ]
    for file in theirs:
        file.write_text("precious")
    made = generate(tiny, rows, tmp_path, samples=1, max_new_tokens=4)
    assert [file.read_text() for file in theirs] == ["precious"] * 3
    made.write_text("precious")
    (tmp_path / "generation.json").unlink() if note is None else (tmp_path / "generation.json").write_text(
        note
    )
    with pytest.raises(InputError, match="responses without a generation.json that says how they were made"):
        generate(tiny, rows, tmp_path, samples=1, max_new_tokens=4)
    assert made.read_text() == "precious"


def test_half_written_responses_end_where_they_can_be_read(tiny, rows, tmp_path):
    """A power cut can leave zeros where a line should be."""
    whole = generate(tiny, rows, tmp_path / "whole", samples=1, max_new_tokens=4)
    (cut := tmp_path / "cut").mkdir()
    shutil.copy(whole.parent / "generation.json", cut)
    lines = whole.read_bytes().splitlines(keepends=True)
    (cut / "responses.partial-0.jsonl").write_bytes(lines[0] + b"\0" * 50 + b"\n" + lines[1])
    assert generate(tiny, rows, cut, samples=1, max_new_tokens=4).read_bytes() == whole.read_bytes()


def test_constraints_can_be_left_out(tiny, rows, tmp_path):
    asked, plain = (
        read(generate(tiny, rows, tmp_path / str(full), samples=1, max_new_tokens=4, with_constraints=full))
        for full in (True, False)
    )
    assert all(a["prompt_hash"] != b["prompt_hash"] for a, b in zip(asked, plain, strict=True))


def test_seeds_name_independent_uniforms():
    names = [(seed, row, sample) for seed in range(5) for row in ("a-1", "a-2", "b") for sample in range(4)]
    seeds = {sample_seed(*name) for name in names}
    assert len(seeds) == len(names) and max(seeds) < 2**53
    drawn = np.array([uniforms(seed, 500) for seed in sorted(seeds)])
    assert drawn.min() >= 0 and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 5 * np.sqrt(1 / 12 / drawn.size)
    between = np.corrcoef(drawn) - np.eye(len(drawn))
    assert np.abs(between).max() < 5.5 / np.sqrt(500)
    assert uniforms(7, 500)[:10] == uniforms(7, 10)


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.6, 1.0), (1.0, 0.8)])
def test_draws_follow_the_distribution(temperature, top_p):
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 1.5, -30.0])
    count = 200_000
    tokens = pick(
        logits.expand(count, -1), torch.tensor(uniforms(3, count), dtype=torch.float64), temperature, top_p
    )
    expected = torch.softmax(logits.double() / temperature, -1)
    if top_p < 1:  # 0.46, 0.28, 0.17 make up 0.91: the first three are the smallest set that reaches 0.8
        expected[[2, 3, 5]] = 0
        expected /= expected.sum()
    found = torch.bincount(tokens, minlength=6).double() / count
    assert torch.all((found - expected).abs() <= 4.5 * (expected * (1 - expected) / count).sqrt())


def test_direct_does_not_reason(thinker, rows, tmp_path):
    records = read(generate(thinker, rows, tmp_path, mode="direct", samples=1, max_new_tokens=TOKENS))
    assert all(record["text"].startswith("<think>\n\n</think>\n\n") for record in records)
    again = ["<think>" in record["text"][8:] for record in records]
    assert 5 < sum(again) < 35  # a model may think after all, and is not said not to
    for record, thinks in zip(records, again, strict=True):
        assert thinks or (record["state"], record["reasoning_tokens"]) == ("closed", 0)


def test_direct_uses_the_switch_of_the_template(thinker, rows, tmp_path):
    folder = shutil.copytree(thinker, tmp_path / "model")
    template = folder / "chat_template.jinja"
    switch = (
        "{% if enable_thinking is defined and not enable_thinking %}{{ '<think>off</think>' }}{% endif %}"
    )
    template.write_text(template.read_text() + switch)
    records = read(generate(folder, rows, tmp_path / "out", mode="direct", samples=1, max_new_tokens=4))
    assert not any("off" in record["text"] for record in records)
    assert len({record["prompt_hash"] for record in records}) == 40


def test_a_template_like_qwen3s_skips_the_thought_itself(tiny, rows, tmp_path):
    """Qwen3's writes the empty thought when told not to think, and leaves it to the model to open one otherwise."""
    folder = shutil.copytree(tiny, tmp_path / "model")
    template = folder / "chat_template.jinja"
    switch = "{% if enable_thinking is defined and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    template.write_text(template.read_text() + switch)
    row, checkpoint = read_rows(rows)[0], read_checkpoint(str(folder))
    free, direct = (
        checkpoint.prompt(row, preset="reins", with_constraints=True, direct=d) for d in (False, True)
    )
    assert direct.text == free.text + "<think>\n\n</think>\n\n" and free.lead == ""
    records = read(generate(folder, rows, tmp_path / "out", mode="direct", samples=1, max_new_tokens=4))
    assert all(record["text"].startswith("<think>\n\n</think>\n\n") for record in records)
    assert all((record["state"], record["reasoning_tokens"]) == ("closed", 0) for record in records)


def test_budget_closes_a_long_thought(thinker, rows, tmp_path):
    asked = {"samples": 3, "max_new_tokens": TOKENS}
    free = keyed(generate(thinker, rows, tmp_path / "free", **asked))
    held = keyed(generate(thinker, rows, tmp_path / "held", mode="budget 10", **asked))
    forced = [key for key in held if held[key]["text"] != free[key]["text"]]
    assert len(forced) > 10
    for key in forced:
        before, _, thought = held[key]["text"].partition("\n</think>\n\n")[0].partition("<think>")
        assert free[key]["text"].startswith(f"{before}<think>{thought}".rstrip("\ufffd"))
        assert free[key]["reasoning_tokens"] > 10


def test_budget_counts_a_thought_that_opens_behind_other_words(tiny, rows):
    checkpoint = read_checkpoint(str(tiny))
    rule = parse_mode("budget 5").rule(checkpoint, read_rows(rows)[0], "")
    tokens = checkpoint.encode("Let me see.\n<think>\nTom has 3 apples and buys 12 more. 3 + 12 = 15.")
    opened = len(checkpoint.encode("Let me see.\n<think>"))
    edits = [rule(tokens[:count]) for count in range(1, len(tokens) + 1)]
    assert [count for count, edit in enumerate(edits, 1) if edit] == [opened + 5]


def test_wait_puts_off_the_end_of_a_thought(thinker, rows, tmp_path):
    asked = {"samples": 3, "max_new_tokens": 2 * TOKENS}
    free = keyed(generate(thinker, rows, tmp_path / "free", **asked))
    for times in (1, 2):
        held = keyed(generate(thinker, rows, tmp_path / f"{times}", mode=f"wait {times}", **asked))
        for key, record in free.items():
            thought = first_closed(record["text"])
            if thought is None:
                assert held[key] == record
            else:
                assert held[key]["text"].startswith(thought + "Wait")
        again = [record["text"].partition("</think>")[0].count("Wait") for record in held.values()]
        assert max(again) == times


def test_repeat_says_the_constraints_before_the_answer(thinker, rows, tmp_path):
    records = read(generate(thinker, rows, tmp_path, mode="repeat", samples=3, max_new_tokens=TOKENS))
    closed = [record["text"] for record in records if record["state"] == "closed"]
    assert len(closed) > 10
    assert all(" do not use commas\n</think>\n\n" in text for text in closed)
    plain = {"mode": "repeat", "samples": 3, "with_constraints": False, "max_new_tokens": TOKENS}
    assert not any(
        "commas\n</think>" in record["text"]
        for record in read(generate(thinker, rows, tmp_path / "plain", **plain))
    )


def test_pad_lengthens_a_thought_and_keeps_its_words(thinker, rows, tmp_path):
    asked = {"samples": 3, "max_new_tokens": TOKENS}
    free = keyed(generate(thinker, rows, tmp_path / "free", **asked))
    named = tmp_path / "named.jsonl"
    write(named, [row | {"neutral": ["The sky is wide."]} for row in read(rows)])
    padded = keyed(generate(thinker, named, tmp_path / "padded", mode="pad 3", **asked))
    thoughts = {key: first_closed(record["text"]) for key, record in free.items()}
    assert sum(thought is not None for thought in thoughts.values()) > 10
    for key, record in padded.items():
        before, thought = thoughts[key], first_closed(record["text"])
        if before is None:
            assert record["text"] == free[key]["text"]
            continue
        assert thought.count("The sky is wide.\n") == 3
        assert thought.replace("The sky is wide.\n", "").split() == before.split()


def test_modes_close_a_thought_in_the_models_own_tags(thinker, rows, tmp_path):
    """A model of Mistral's tags, which its template names."""
    folder = shutil.copytree(thinker, tmp_path / "model")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        text = (folder / file).read_text("utf-8")
        (folder / file).write_text(
            text.replace("<think>", "[THINK]").replace("</think>", "[/THINK]"), "utf-8"
        )
    with open(folder / "chat_template.jinja", "a", encoding="utf-8") as template:
        template.write("{# a thought stands in [THINK] and [/THINK] #}")
    made = {
        mode: read(generate(folder, rows, tmp_path / mode, mode=mode, samples=2, max_new_tokens=TOKENS))
        for mode in ("direct", "budget 10", "wait 1", "repeat", "pad 2")
    }
    texts = {mode: [record["text"] for record in records] for mode, records in made.items()}
    assert not any("</think>" in text for found in texts.values() for text in found)
    assert all(text.startswith("[THINK][/THINK]") for text in texts["direct"])
    assert any(record["state"] == "closed" and record["reasoning_tokens"] > 0 for record in made["budget 10"])
    assert sum("commas[/THINK]" in text for text in texts["repeat"]) > 2
    assert sum("Let me go on.\nI am still thinking about this.\n" in text for text in texts["pad 2"]) > 2
    assert any("Wait" in (first_closed(text, "[/THINK]") or "") for text in texts["wait 1"])


def test_modes_do_not_depend_on_the_batch(thinker, rows, tmp_path):
    asked = {"mode": "wait 2", "samples": 2, "max_new_tokens": TOKENS}
    made = [keyed(generate(thinker, rows, tmp_path / str(n), batch_size=n, **asked)) for n in (16, 48)]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"mode": "ponder"}, "mode"),
        ({"mode": "wait"}, "mode"),
        ({"mode": "budget 0"}, "mode"),
        ({"samples": 0}, "samples"),
        ({"top_p": 0}, "top_p"),
        ({"temperature": -1}, "temperature"),
        ({"batch_size": 0}, "batch_size"),
        ({"preset": "mathfi"}, "preset"),
        ({"engine": "tgi"}, "engine"),
        ({"max_new_tokens": 4090}, "max_new_tokens"),
    ],
)
def test_bad_settings_are_refused(tiny, rows, tmp_path, fault, said):
    with pytest.raises(InputError, match=said):
        generate(tiny, rows, tmp_path, **fault)


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


def test_the_progress_line_says_how_fast_and_how_many_are_cut():
    ended = [decode.Sample(n, [0], 0, tokens=[1] * 5, cut=n == 0) for n in range(4)]
    out = io.StringIO()
    assert list(follow(ended, 4, "set", out)) == ended
    line = r"set: 4/4 samples, [\d.]+ samples/s, \d+ tokens/s, 25% cut, 0:00 left\n"
    assert re.fullmatch(line, out.getvalue())


def test_broken_weights_are_refused(tiny, rows, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "broken")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(InputError, match="model.safetensors: not whole"):
        generate(folder, rows, tmp_path / "out")


def test_rows_of_no_use_are_refused(tiny, rows, tmp_path):
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InputError, match="empty.jsonl: holds no rows"):
        generate(tiny, tmp_path / "empty.jsonl", tmp_path / "out")
    write(tmp_path / "long.jsonl", [a_row(0) | {"question": "pens " * 5000}])
    with pytest.raises(
        InputError, match=r"prompt of \d+ tokens pass the 4096 positions .* leave that row out"
    ):
        generate(tiny, tmp_path / "long.jsonl", tmp_path / "out")
    assert not (tmp_path / "out/responses.jsonl").exists()


def plan(tmp_path, tiny, rows, **changes):
    common = {"rows": str(rows), "samples": 1, "max_new_tokens": 12}
    sets = [
        {"label": "all", "out": str(tmp_path / "all.think"), **common},
        {"label": "all-plain", "out": str(tmp_path / "plain.think"), "with_constraints": False, **common},
    ]
    config = {"model": str(tiny), "seed": 0, "preset": "reins", "threads": 1, "inputs": "abc", "parts": sets}
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config | changes))
    return file


def test_a_checkpoint_is_evaluated_once(tiny, rows, tmp_path):
    run(plan(tmp_path, tiny, rows))
    assert json.loads((tmp_path / "done.json").read_text()) == {"inputs": "abc"}
    made = [tmp_path / name for name in ("all.think/metrics.json", "plain.think/metrics.json")]
    times = [file.stat().st_mtime_ns for file in made]
    run(plan(tmp_path, tiny, rows))
    assert [file.stat().st_mtime_ns for file in made] == times
    run(plan(tmp_path, tiny, rows, inputs="def"))
    assert all(file.stat().st_mtime_ns > before for file, before in zip(made, times, strict=True))
    assert json.loads((tmp_path / "done.json").read_text()) == {"inputs": "def"}


def test_along_a_stage_its_whole_checkpoints_of_the_wanted_steps_are_asked(tiny, rows, tmp_path):
    stage = tmp_path / "stages" / "sft-s0"
    for step, whole in ((5, True), (10, True), (15, False)):
        shutil.copytree(tiny, stage / f"checkpoint-{step}")
        if whole:
            (stage / f"checkpoint-{step}" / "whole.json").touch()
    common = {"rows": str(rows), "samples": 1, "max_new_tokens": 12, "origin": "what went in"}
    parts = [
        {
            "label": label,
            "out": str(tmp_path / f"evals/sft-s0@*/{label}.think"),
            "checkpoints": steps,
            **common,
        }
        for label, steps in (("all", "all"), ("late", [10, 99]))
    ]
    run(plan(tmp_path, stage, rows, parts=parts))
    asked = {str(file.parent.relative_to(tmp_path)) for file in tmp_path.glob("evals/*/*/metrics.json")}
    assert asked == {f"evals/sft-s0@{one}.think" for one in ("5/all", "10/all", "10/late")}
    assert (tmp_path / "evals/sft-s0@5/all.think/origin").read_text() == "what went in"
    assert json.loads((tmp_path / "progress.json").read_text())["steps"] == 3


def test_a_bad_plan_is_one_line_and_status_2(tiny, rows, tmp_path, monkeypatch, capsys):
    file = plan(tmp_path, tiny, rows, thread=2)
    monkeypatch.setattr(sys, "argv", ["run", "--config", str(file)])
    assert main() == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "config.yaml" in said and "thread" in said


def launch(file, *launcher):
    command = [sys.executable, *launcher, "-m", "reins.eval.run", "--config", str(file)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_kill_9_and_two_processes_end_in_the_same_bytes(tiny, rows, tmp_path):
    made = []
    for name in ("whole", "killed", "two"):
        folder = tmp_path / name
        folder.mkdir()
        one = {
            "label": "all",
            "rows": str(rows),
            "out": str(folder / "all"),
            "samples": 8,
            "max_new_tokens": 200,
        }
        file = plan(folder, tiny, rows, parts=[one])
        if name == "killed":
            process, partial = launch(file), folder / "all/responses.partial-0.jsonl"
            while not partial.exists() or partial.stat().st_size < 4_000:
                assert process.poll() is None
                time.sleep(0.002)
            process.kill()
            process.wait()
            assert not (folder / "all/responses.jsonl").exists()
        two = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        assert launch(file, *(two if name == "two" else [])).wait() == 0
        made.append([(folder / "all" / file).read_bytes() for file in ("responses.jsonl", "scores.jsonl")])
    assert made[0] == made[1] == made[2]
