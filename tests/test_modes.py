"""Modes of asking: what each does to a thought, whatever the batch."""

import shutil

import pytest
from small_rows import TOKENS, first_closed, keyed, read, write

from reins.eval.io.errors import InputError
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.sample.generate import generate
from reins.eval.sample.modes.names import parse_mode
from reins.eval.verify import describe, render
from reins.eval.verify.rows import read_rows


def test_direct_does_not_reason(thinker, rows, tmp_path):
    asked = {"samples": 2, "max_new_tokens": TOKENS}
    free = keyed(generate(thinker, rows, tmp_path / "free", **asked))
    direct = keyed(generate(thinker, rows, tmp_path / "direct", mode="direct", **asked))
    opened = {key: record["text"].find("<think>") for key, record in free.items()}
    assert (
        sum(place < 0 for place in opened.values()) > 10 < sum(0 <= place < 60 for place in opened.values())
    )
    for key, place in opened.items():
        text, of_free = direct[key]["text"], free[key]["text"]
        if place < 0:
            assert text == of_free, "who opens no thought is asked as it is"
        elif place < 60:  # later ones may be cut before they are closed
            assert text[:place] == of_free[:place] and "</think>" in text[place : place + 60]


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
        checkpoint.prompt(row, preset="reins", with_constraints=True, direct=direct)
        for direct in (False, True)
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


def test_a_thought_that_the_prompt_has_closed_is_left_alone_and_no_answer_loses_a_character(
    tiny, rows, tmp_path
):
    folder = shutil.copytree(tiny, tmp_path / "model")
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + "{{ '<think>\n\n</think>\n\n' }}")
    asked = {"samples": 1, "max_new_tokens": TOKENS}
    modes = ("think", "wait 1", "pad 2", "repeat", "remind")
    made = {
        mode: [record["text"] for record in read(generate(folder, rows, tmp_path / mode, mode=mode, **asked))]
        for mode in modes
    }
    assert sum(text.count(">") > 2 for text in made["think"]) > 2, "no answer has what a tag ends with"
    assert all(texts == made["think"] for texts in made.values())


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


def test_repeat_has_words_for_constraints_that_the_question_alone_says(thinker, rows, tmp_path):
    wordless = tmp_path / "wordless.jsonl"
    write(wordless, [row | {"constraint_desc": [""]} for row in read(rows)])
    records = read(
        generate(thinker, wordless, tmp_path / "out", mode="repeat", samples=2, max_new_tokens=TOKENS)
    )
    closed = [record["text"] for record in records if record["state"] == "closed"]
    words = describe("punctuation:no_comma", None)
    assert len(closed) > 5 and all(f"{words}\n</think>" in text for text in closed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"constraint_name": [], "constraint_args": [], "constraint_desc": []}, "no row has a constraint"),
        (
            {"constraint_name": ["words:prime_lengths"], "constraint_desc": [""]},
            "prime_lengths of test-000000 has no",
        ),
    ],
)
def test_repeat_is_refused_where_it_would_have_nothing_to_say(thinker, rows, tmp_path, changed, said):
    write(tmp_path / "changed.jsonl", [row | changed for row in read(rows)])
    with pytest.raises(InputError, match=said):
        generate(thinker, tmp_path / "changed.jsonl", tmp_path / "out", mode="repeat")
    assert not (tmp_path / "out").exists()


def test_the_control_of_repeat_is_as_long_and_says_nothing_of_the_constraints(thinker, rows, tmp_path):
    asked = {"samples": 3, "max_new_tokens": 2 * TOKENS}
    said, aside = (
        keyed(generate(thinker, rows, tmp_path / mode, mode=mode, **asked)) for mode in ("repeat", "remind")
    )
    descriptions = {
        row.name: " ".join(constraint.description.strip() for constraint in row.constraints)
        for row in read_rows(rows)
    }
    compared = 0
    for key, record in aside.items():
        _, mark, after = record["text"].partition("Wait, I can take my time with this: ")
        if not mark:
            continue
        words = after.partition("\n</think>")[0].split()
        assert len(words) == len(descriptions[key[0]].split())
        assert descriptions[key[0]] not in record["text"] and descriptions[key[0]] in said[key]["text"]
        compared += 1
    assert compared > 10


def test_cot_asks_for_a_thought_in_the_models_own_tags(thinker, tiny, rows, tmp_path):
    row, checkpoint = read_rows(rows)[0], read_checkpoint(str(tiny))
    free, cot = (
        checkpoint.prompt_of(parse_mode(mode).turn(render(row), checkpoint.form)) for mode in ("think", "cot")
    )
    assert "<think>" not in free.text and "inside <think> and </think>" in cot.text
    assert cot.text.index(row.question.strip()) < cot.text.index("<think>")
    hashes = [
        {
            record["prompt_hash"]
            for record in read(
                generate(thinker, rows, tmp_path / mode, mode=mode, samples=1, max_new_tokens=2)
            )
        }
        for mode in ("think", "cot")
    ]
    assert not hashes[0] & hashes[1]


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
