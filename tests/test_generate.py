"""Generation: what a sample is must depend on nothing but its row, its number and the seed."""

import io
import re
from collections import Counter

import pytest
import torch
from small_rows import TOKENS, a_row, keyed, read, write
from tiny import make_tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from reins.eval.io.errors import InputError
from reins.eval.sample import decode
from reins.eval.sample.generate import generate
from reins.eval.sample.progress import follow
from reins.eval.sample.sampler import pick
from reins.eval.verify import render, split_reasoning
from reins.eval.verify.responses import Response
from reins.eval.verify.rows import read_rows


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


def test_constraints_can_be_left_out(tiny, rows, tmp_path):
    asked, plain = (
        read(generate(tiny, rows, tmp_path / str(full), samples=1, max_new_tokens=4, with_constraints=full))
        for full in (True, False)
    )
    assert all(a["prompt_hash"] != b["prompt_hash"] for a, b in zip(asked, plain, strict=True))


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


def test_the_progress_line_says_how_fast_and_how_many_are_cut():
    ended = [Response("r", n, "x", truncated=n == 0, answer_tokens=5) for n in range(4)]
    out = io.StringIO()
    assert list(follow(ended, 4, "set", out)) == ended
    line = r"set: 4/4 samples, [\d.]+ samples/s, \d+ tokens/s, 25% cut, 0:00 left\n"
    assert re.fullmatch(line, out.getvalue())


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
