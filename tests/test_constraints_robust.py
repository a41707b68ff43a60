"""No text makes a check fail or stall. Speed itself is measured in tests/bench, not here: what is quadratic in a
million characters would not come back at all."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reins.eval.verify import TYPES, check, satisfy, split_reasoning
from reins.eval.verify.constraints.ifbench import IFBENCH

MARKS = [
    "*", "**", "* ", "- ", "\n", "\n\n", "***", "******", "$", "$$", "\\[", "\\(", "\\begin{a}", "\\end{a}", "\\boxed{",
    "{", "}", "`", "```", "<<", ">>", "[", "]", "<think>", "</think>", "<answer>", "</answer>", '"', "'", ",", ".", "!",
    "~~~", "```text\n", "，", "。", "5$", "$5, ", "을", "_", "“", "［a］", "Section 1", "P.S. x", '{"a": 1}', "because", "A", "é", "中文", "ſ", "İ", "\u0300", "\x00", "\ud800", "\u200b",
    "\u2028", "\u00ad", "\r", "😊", "…", "~~", "ｅ", "1,000", "CAN'T", "U.S. ", "Any other questions?", "My answer is yes.", "http://a", "a@b.c",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(), max_size=60),  # surrogates and NUL among them
    st.lists(st.one_of(st.sampled_from(MARKS), st.text(max_size=3)), max_size=30).map("".join),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=TEXTS, seed=st.integers(0, 99))
def test_no_text_makes_a_check_or_a_rewrite_fail(text, seed):
    rng = random.Random(seed)
    for name, kind in rng.sample(sorted(TYPES.items()), 6):
        kwargs = kind.sample(rng, question="How many?")
        for preset in ("reins", "mathif"):
            assert check(name, kwargs, text, preset=preset) in (True, False)
        assert isinstance(satisfy(name, kwargs, text, rng), str)
    for preset in ("reins", "mathif", "ifeval"):
        split_reasoning(text, preset=preset)


IFBENCH_KWARGS = {
    "N": 2, "small_n": 2, "min_words": 1, "max_words": 9, "percentage": 50, "n_start": 0, "n_end": 3, "sep": "-",
    "reference_text": "the sea", "prompt_to_repeat": "Say it now.", "keyword1": "sea", "keyword2": "sky",
    "keyword3": "sun", "keyword4": "fog", "keyword5": "ice",
}  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=TEXTS)
def test_no_text_makes_a_check_of_ifbench_fail(text):
    for name, kind in IFBENCH.items():
        kwargs = {key: IFBENCH_KWARGS[key] for key in kind.kwargs}
        for preset in ("reins", "ifeval"):
            assert check(name, kwargs, text, preset=preset) in (True, False)


BAIT = [
    "*",
    "* ",
    "\n",
    " ",
    "\n- ",
    "$",
    "\\boxed{",
    "\\begin{a}",
    "{}",
    "[",
    "<<",
    "`",
    "~~~",
    "```\n",
    "````",
    "$5 or ",
    "$, ",
    "_a",
    "。」",
    "中",
    "!",
    "a",
    "A'",
    ". ",
    "_",
    ": ",
    "\u200b",
    "ا\u200c",
    "ｅ",
    "😊",
    "1.    ",
    "<b>",
    "\\a{",
    "> ",
    "\u064b",
    "---\n\n",
    "**Section** ",
    "<i>P.S.</i> ",
]


@pytest.mark.parametrize("bait", BAIT, ids=repr)
def test_long_bait_comes_back(bait):
    text = (bait * 50_000)[:100_000]
    for name, kind in TYPES.items():
        kwargs = kind.sample(random.Random(0), question="How many?")
        for preset in ("reins", "mathif"):
            check(name, kwargs, text, preset=preset)


@pytest.mark.slow
def test_a_hundred_thousand_texts_of_marks():
    rng = random.Random(0)
    kinds = sorted(TYPES.items())
    for _ in range(100_000):
        text = "".join(rng.choices(MARKS, k=rng.randint(0, 20)))
        name, kind = rng.choice(kinds)
        kwargs = kind.sample(rng, question="How many?")
        for preset in ("reins", "mathif"):
            assert check(name, kwargs, text, preset=preset) in (True, False)
