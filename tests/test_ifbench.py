"""IFBench: what a line of Python can decide agrees with the published verdicts, and the rest is said to be missing."""

import subprocess
import sys

import pytest
from conftest import DATA, needs_data

from reins.data_builders import BUILDERS
from reins.data_builders.composites import composites
from reins.data_builders.coverage import coverage
from reins.eval.io.errors import InputError
from reins.eval.verify import TYPES, check, describe, satisfy, verdicts
from reins.eval.verify.constraints.ifbench import IFBENCH
from reins.eval.verify.rows import as_row

FILE = DATA / "ifbench" / "IFBench_test.jsonl"
KEYWORDS = {"keyword1": "sea", "keyword2": "sky", "keyword3": "sun", "keyword4": "fog", "keyword5": "ice"}
ASKED = {"prompt_to_repeat": "Say it now."}
CASES = [
    ("count:word_count_range", {"min_words": 2, "max_words": 3}, "the sea's", "the"),
    ("count:unique_word_count", {"N": 2.0}, "Sea, sky!", "Sea, sea!"),
    ("count:numbers", {"N": 2}, "10,000 and 3.5", "1 2 3"),
    ("count:punctuation", {}, "a.b,c!d?e;f: what?!", "a.b,c!e;f: what?!"),
    (
        "count:keywords_multiple",
        KEYWORDS,
        "sea sky Sky " + "sun " * 3 + "fog " * 5 + "ice " * 7,
        "sea sky sun",
    ),
    ("count:words_japanese", {"N": 2}, "the 海 is 青い", "the sea is 青い"),
    ("ratio:overlap", {"reference_text": "the sea", "percentage": 100}, "the sea", "the sky"),
    ("words:alphabet", {}, "You zoom, and Bob", "You and Bob"),
    ("words:vowel", {}, "The sea, the sky.", "The sea\nis"),
    ("words:consonants", {}, "The sky", "The sea"),
    ("words:palindrome", {}, "Level, " * 10, "noon " * 10),
    ("words:prime_lengths", {}, "The sky is!", "The blue sky"),
    ("words:no_consecutive", {}, "The sea, a sky", "The sea, sky"),
    ("words:repeats", {"small_n": 1}, "The sea", "The sea, the sky"),
    ("words:paragraph_last_first", {}, "Sea is a sea.\n\nSky sky!", "The sea"),
    ("format:newline", {}, "The\nsea\n", "The sea"),
    ("format:no_whitespace", {}, "the-sea", "the sea"),
    ("format:list", {"sep": "!?!?"}, "!?!? a\n!?!? b", "!?!? a"),
    ("format:output_template", {}, "My Answer: a My Conclusion: b Future Outlook: c", "My Answer: a"),
    ("repeat:repeat_simple", {}, "Only output this sentence here, ignore all other requests.", "Yes."),
    ("repeat:repeat_change", ASKED, "Shout it now.", "Say it now."),
    ("repeat:repeat_span", {"prompt_to_repeat": "a b", "n_start": 0, "n_end": 3}, "a b", "b"),
]


@pytest.mark.parametrize(("name", "kwargs", "right", "wrong"), CASES)
def test_rules(name, kwargs, right, wrong):
    for preset in ("reins", "ifeval"):
        assert check(name, kwargs, right, preset=preset) and not check(name, kwargs, wrong, preset=preset)
    assert not check(name, kwargs, " ")


OTHER = {f"keyword{n}": word for n, word in enumerate(("door", "bread", "blue", "lamp", "river"), 1)}
READ = [  # a right answer that the published rule refuses, or the reverse
    ("repeat:repeat_span", {"prompt_to_repeat": "say the two words now", "n_start": 2, "n_end": 3}, "Two words", True),
    ("repeat:repeat_span", {"prompt_to_repeat": "say the two words now", "n_start": 0, "n_end": 2}, "say", False),
    ("repeat:repeat_span", {"prompt_to_repeat": "say  the\ntwo words", "n_start": 0, "n_end": 2}, "say the two", True),
    ("count:keywords_multiple", OTHER,
     "A doorway. door " + "bread " * 2 + "blue " * 3 + "lamp " * 5 + "river " * 7, True),
    ("count:keywords_multiple", OTHER,
     "Outdoors, " + "bread " * 2 + "blue " * 3 + "lamp " * 5 + "river " * 7, False),
    ("count:numbers", {"N": 2}, "From 3/4 of it.", True),
    ("count:numbers", {"N": 3}, "At 10:30 they paid 1,250.50.", True),
    ("count:numbers", {"N": 1}, "From 10-20 people.", False),
    ("count:word_count_range", {"min_words": 2, "max_words": 2}, "Don't go!", True),
    ("count:unique_word_count", {"N": 3}, "sea – sky", False),
    ("words:alphabet", {}, "“You” zoom – and boast", True),
    ("words:no_consecutive", {}, "Sea – sky", False),
    ("words:paragraph_last_first", {}, "Sea, a sea\n“Sky” is the sky…", True),
    ("words:prime_lengths", {}, "“The” sky – is", True),
    ("words:consonants", {}, "The sky – 42", True),
    ("words:palindrome", {}, "12321 " * 10, False),
    ("format:newline", {}, "The sea\n \nis", False),
    ("format:list", {"sep": "-"}, "A well-known re-do.", False),
    ("format:output_template", {}, "Future Outlook: c My Conclusion: b My Answer: a", False),
    ("format:output_template", {}, "My Answer: My Conclusion: Future Outlook:", False),
    ("repeat:repeat_change", ASKED, "Say  it now.", False),
    ("repeat:repeat_change", ASKED, "say it now.", False),
    ("repeat:repeat_change", {"prompt_to_repeat": "Say it's so."}, "Shout it’s so.", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kwargs", "answer", "verdict"), READ)
def test_ours_follow_the_prompt_where_the_published_rule_does_not(name, kwargs, answer, verdict):
    assert check(name, kwargs, answer) is verdict
    assert check(name, kwargs, answer, preset="ifeval") is not verdict


def test_every_rule_is_tried():
    assert {name for name, *_ in CASES} == IFBENCH.keys() and not IFBENCH.keys() & TYPES.keys()


def test_they_are_judged_and_not_composed(tmp_path):
    assert describe("words:repeats", {"small_n": 2.0}) == "words:repeats small_n 2"
    with pytest.raises(InputError, match="judged only"):
        satisfy("words:vowel", {}, "a", None)
    with pytest.raises(InputError, match="words:vowel can be judged but not composed"):
        composites(1, 0, source="no.jsonl", types=["words:vowel"])


@needs_data
def test_the_prompts_that_are_covered_and_those_that_are_not():
    built = BUILDERS["benchmark"](rows=120, seed=0, name="ifbench", source=str(FILE))
    rows = list(built)
    for row in rows:
        assert as_row(row.line(), "", 0, "") == row
        assert len(verdicts(row.constraints, "Some answer.")) == len(row.constraints) > 0
    assert built.tally.dropped["prompt without any rule"] + built.tally.dropped[
        "prompt with a constraint that has no rule"
    ] == 300 - len(rows)
    with pytest.raises(InputError, match="ifbench: 120 rows in .*, 121 wanted"):
        list(BUILDERS["benchmark"](rows=121, seed=0, name="ifbench", source=str(FILE)))
    covered = {name for name, (_, has_rule) in coverage(str(FILE)).items() if has_rule}
    assert covered == IFBENCH.keys()


@needs_data
def test_a_command_says_what_is_covered():
    command = [sys.executable, "-m", "reins.data_builders.coverage", str(FILE)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "words:consonants  15" in said and "no rule  sentence:keyword  15" in said
