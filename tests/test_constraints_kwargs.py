"""Values that no rule can use, and patterns that are none or may never end, are refused before anything is judged."""

import json

import pytest

from reins.eval.io.errors import InputError
from reins.eval.score.score import score
from reins.eval.verify import JUDGED, check
from reins.eval.verify.rows import as_row

EXISTENCE, FORBIDDEN, SECTIONS = (
    "keywords:existence",
    "keywords:forbidden_words",
    "detectable_format:multiple_sections",
)
POSTSCRIPT, FREQUENCY = "detectable_content:postscript", "keywords:frequency"


@pytest.mark.parametrize(
    ("name", "kwargs", "complaint"),
    [
        (EXISTENCE, {"keywords": [1]}, "keywords holds 1; give texts that are not blank"),
        (EXISTENCE, {"keywords": ["a", None]}, "keywords holds None"),
        (EXISTENCE, {"keywords": [["a"]]}, r"keywords holds \['a'\]"),
        (EXISTENCE, {"keywords": [" "]}, "keywords holds ' '"),
        (FORBIDDEN, {"forbidden_words": [{}]}, "forbidden_words holds {}"),
        (FREQUENCY, {"keyword": "", "frequency": 1, "relation": "at least"}, "keyword holds ''"),
        (FREQUENCY, {"keyword": "a", "frequency": True, "relation": "at least"}, "frequency is True; give int"),
        (FREQUENCY, {"keyword": "a", "frequency": -1, "relation": "at least"}, "frequency is -1; give 0 or more"),
        (FREQUENCY, {"keyword": "a", "frequency": float("nan"), "relation": "at least"}, "frequency is nan"),
        ("keywords:letter_frequency", {"letter": " ", "let_frequency": 1, "let_relation": "at least"}, "letter holds"),
        ("length_constraints:nth_paragraph_first_word",
         {"num_paragraphs": 2, "nth_paragraph": 0, "first_word": "a"}, "nth_paragraph is 0; give 1 or more"),
        ("count:words_japanese", {"N": 0}, "N is 0; give 1 or more"),
        ("format:list", {"sep": ""}, "sep holds ''"),
        (EXISTENCE, {"keywords": []}, "keywords is empty; give one text or more"),
        (FORBIDDEN, {"forbidden_words": []}, "forbidden_words is empty"),
        ("startend:end_checker", {"end_phrase": ""}, "end_phrase holds ''"),
        ("combination:repeat_prompt", {"prompt_to_repeat": " "}, "prompt_to_repeat holds ' '"),
        ("keywords:letter_frequency", {"letter": "ab", "let_frequency": 1, "let_relation": "at least"}, "letter is 'ab'"),
        ("length_constraints:nth_paragraph_first_word",
         {"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}, "nth_paragraph is 3, num_paragraphs 2"),
        ("count:word_count_range", {"min_words": 9, "max_words": 3}, "min_words is 9, max_words 3"),
    ],
)  # fmt: skip
def test_a_value_that_no_rule_can_use_is_refused_where_the_row_is_read(name, kwargs, complaint):
    row = {
        "source": "s", "id": "1", "question": "q", "answer": "4",
        "constraint_name": [name], "constraint_args": [kwargs], "constraint_desc": [""],
    }  # fmt: skip
    with pytest.raises(InputError, match=f"rows.jsonl:3: {name}: .*{complaint}"):
        as_row(row, "rows", 0, "rows.jsonl:3")


RUNAWAY = [
    "(a+)+$",
    "(a|b|ab)*c",
    "(x+x+)+y",
    "a.*b.*c",
    r"(\w+)\1",
    "(a{1,30}){1,30}b",
    "a?" * 30 + "a" * 30,
]


@pytest.mark.parametrize("source", RUNAWAY)
def test_a_pattern_that_may_never_end_is_refused_as_published_and_literal_in_ours(source):
    bait = "a" * 5000
    for name, kwargs in ((EXISTENCE, {"keywords": [source]}), (FORBIDDEN, {"forbidden_words": [source]})):
        with pytest.raises(InputError, match="may never come to an end; use preset reins"):
            check(name, kwargs, bait, preset="mathif")
        with pytest.raises(InputError, match=f"{name}: pattern: .*may never come to an end"):
            JUDGED[name].check_patterns(kwargs)
    assert check(EXISTENCE, {"keywords": [source]}, f"See {source} here.")


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        (SECTIONS, {"section_spliter": "PART (", "num_sections": 2}),
        (SECTIONS, {"section_spliter": "[Part", "num_sections": 2}),
        (POSTSCRIPT, {"postscript_marker": "[P.S."}),
        (POSTSCRIPT, {"postscript_marker": "*P.S."}),
        (EXISTENCE, {"keywords": ["f(x"]}),
        (FORBIDDEN, {"forbidden_words": ["(?i)x"]}),
        (FREQUENCY, {"keyword": "a{2", "frequency": 1, "relation": "at least"}),
    ],
)
def test_a_text_that_is_no_pattern_is_one_line_as_published_and_literal_in_ours(name, kwargs):
    assert check(name, kwargs, "Some text.") in (True, False)
    if name == FREQUENCY:  # a brace that closes nothing is a letter
        assert not check(name, kwargs, "Some text.", preset="mathif")
        return
    with pytest.raises(InputError, match="is no valid pattern") as raised:
        check(name, kwargs, "Some text.", preset="mathif")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "source", ["end$", "colou?r", "a.c", "climate.*change", "C++", "(one|two)", "[0-9]{2,4}"]
)
def test_a_harmless_pattern_is_judged_as_published(source):
    assert check(EXISTENCE, {"keywords": [source]}, "Some text.", preset="mathif") in (True, False)


@pytest.mark.parametrize("keyword", ["(a+)+$", "f(x"])
def test_score_names_the_line_of_a_pattern_that_a_published_preset_cannot_use(tmp_path, keyword):
    row = {
        "source": "s", "id": "1", "question": "q", "answer": "", "row": "r-0", "constraint_name": [EXISTENCE],
        "constraint_args": [{"keywords": [keyword]}], "constraint_desc": [""],
    }  # fmt: skip
    fine = row | {"row": "r-1", "constraint_args": [{"keywords": ["sea"]}]}
    data, responses = tmp_path / "rows.jsonl", tmp_path / "responses.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in (fine, row)))
    said = [{"row": name, "sample": 0, "text": f"See {keyword}."} for name in ("r-0", "r-1")]
    responses.write_text("".join(json.dumps(line) + "\n" for line in said))
    with pytest.raises(InputError, match=r"rows.jsonl:2: keywords:existence: pattern: .* use preset reins"):
        score(data, responses, tmp_path / "published", preset="mathif")
    assert not (tmp_path / "published").exists()
    score(data, responses, tmp_path / "ours")


def test_published_patterns_work_as_before():
    assert check(EXISTENCE, {"keywords": ["colou?r"]}, "The COLOR.", preset="mathif")
    splitter = {"section_spliter": "P.rt", "num_sections": 2}
    assert check(SECTIONS, splitter, "Part 1 a Port 2 b", preset="ifeval")
    assert not check(SECTIONS, splitter, "part 1 a port 2 b", preset="ifeval")
