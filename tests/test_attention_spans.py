"""Where constraints stand in prompts: exact on composites, by wording on free prompts, and never guessed."""

import json

import pytest
from conftest import DATA, needs_data
from small_rows import read, write

from reins.data_builders import BUILDERS
from reins.eval.attention.attend import write_spans
from reins.eval.attention.spans import row_spans
from reins.eval.io.errors import InputError
from reins.eval.sample.prompt_places import positions
from reins.eval.verify import render
from reins.eval.verify.rows import as_row, read_rows

COMMAS = "Write a riddle about the sea. Please do not use any commas. "


def free(prompt, *constraints):
    """A row as IFEval writes them: the prompt says its constraints."""
    names, kwargs = zip(*constraints, strict=True)
    line = {"key": 1, "prompt": prompt, "instruction_id_list": list(names), "kwargs": list(kwargs)}
    return as_row(line, "free", 0, "free:1")


def said(row, number=0):
    """The texts of one constraint's spans."""
    located = row_spans(row)
    return [located.prompt[each.start : each.end] for each in located.spans if each.constraint == number]


@pytest.mark.parametrize("preset", ["reins", "mathif"])
def test_a_composite_s_spans_are_its_descriptions(preset):
    for row in BUILDERS["micro.composites"](60, 3, split="test", pool="test"):
        located = row_spans(row, preset=preset)
        assert located.prompt == render(row, preset=preset) and not located.missing
        texts = [located.prompt[span.start : span.end] for span in located.spans]
        assert texts == [constraint.description.strip() for constraint in row.constraints]
        # They do not overlap, and stand in their order behind the question.
        ends = [len(row.question.strip()), *(span.end for span in located.spans)]
        assert all(end <= span.start for end, span in zip(ends, located.spans, strict=False))


def test_a_description_that_the_question_says_too_is_the_last_one():
    row = as_row(
        {
            "source": "test",
            "id": "0",
            "question": "Answer with at least 5 words. What is 2 + 2?",
            "answer": "4",
            "constraint_name": ["length_constraints:number_words"],
            "constraint_args": [{"num_words": 5, "relation": "at least"}],
            "constraint_desc": ["Answer with at least 5 words."],
        },
        "test",
        0,
        "test:1",
    )
    located = row_spans(row)
    assert located.spans[0].start == located.prompt.rindex("Answer with")


@pytest.mark.parametrize(
    ("prompt", "constraint", "text"),
    [
        (COMMAS, ("punctuation:no_comma", {}), "Please do not use any commas"),
        (
            "Write a tale. Your reply should have at least 300 words and be about bees.",
            ("length_constraints:number_words", {"relation": "at least", "num_words": 300}),
            "Your reply should have at least 300 words",
        ),
        (
            'Tell me about Rome. The letter "q" should appear at least 4 times. Be kind.',
            ("keywords:letter_frequency", {"letter": "q", "let_relation": "at least", "let_frequency": 4}),
            'The letter "q" should appear at least 4 times',
        ),
        (
            "Describe the moon, using only the Hindi language. Be brief.",
            ("language:response_language", {"language": "hi"}),
            "using only the Hindi language",
        ),
        (
            "Write a plan and wrap the entire output in JSON format.",
            ("detectable_format:json_format", {}),
            "wrap the entire output in JSON format",
        ),
        (
            "Make sure the letter b appears at least 4 times and avoid using commas. Be kind.",
            ("punctuation:no_comma", {}),
            "avoid using commas",
        ),
        (
            'Write a story. The word "bell" should appear 3 to 5 times in your story.',
            ("keywords:frequency", {"keyword": "bell", "frequency": 3, "relation": "at least"}),
            'The word "bell" should appear 3 to 5 times in your story',
        ),
    ],
)
def test_free_prompts_are_read_by_their_wordings(prompt, constraint, text):
    assert said(free(prompt, constraint)) == [text]


@pytest.mark.parametrize(
    ("prompt", "constraint", "text"),
    [
        (
            "Answer in lowercase letters only, throughout your entire answer.",
            ("change_case:english_lowercase", {}),
            "in lowercase letters only",
        ),
        (
            "Write about bees, and at the end of your letter, add a postscript starting with P.S. Be kind.",
            ("detectable_content:postscript", {"postscript_marker": "P.S."}),
            "add a postscript starting with P.S.",
        ),
        (
            "Suggest a tonic, followed by a name in double angular brackets, such as <<Sun>>.",
            ("detectable_format:title", {}),
            "followed by a name in double angular brackets, such as <<Sun>>",
        ),
    ],
)
def test_what_belongs_to_a_constraint(prompt, constraint, text):
    assert said(free(prompt, constraint)) == [text]


def test_two_of_a_type_have_each_their_own():
    prompt = "Write a song. Use the word sun at least 2 times, and the word moon at least 3 times."
    of = {"relation": "at least"}
    row = free(
        prompt,
        ("keywords:frequency", of | {"keyword": "moon", "frequency": 3}),
        ("keywords:frequency", of | {"keyword": "sun", "frequency": 2}),
    )
    assert ["moon" in text for text in (*said(row, 0), *said(row, 1))] == [True, False]


def test_what_is_not_said_is_missing(tmp_path):
    row = free("Write a poem about the sea.", ("punctuation:no_comma", {}), ("startend:quotation", {}))
    assert row_spans(row).spans == [] and row_spans(row).missing == [0, 1]
    line = {"key": 7, "prompt": COMMAS, "kwargs": [{}, {}]}
    line["instruction_id_list"] = ["punctuation:no_comma", "startend:quotation"]
    write(tmp_path / "rows.jsonl", [line])
    count, missing = write_spans(tmp_path / "rows.jsonl", tmp_path / "out.jsonl")
    assert (count, missing) == (1, ["rows-7, constraint 1"])
    (written,) = read(tmp_path / "out.jsonl")
    start = COMMAS.index("Please")
    assert written == {
        "row": "rows-7",
        "spans": [{"constraint": 0, "start": start, "end": COMMAS.index(". ", start)}],
    }


def test_offsets_are_of_the_prompt_as_it_is_written(tmp_path):
    prompt = "\n\n  " + COMMAS
    line = {"key": 1, "prompt": prompt, "kwargs": [{}], "instruction_id_list": ["punctuation:no_comma"]}
    write(tmp_path / "rows.jsonl", [line])
    write_spans(tmp_path / "rows.jsonl", tmp_path / "out.jsonl")
    span = read(tmp_path / "out.jsonl")[0]["spans"][0]
    assert prompt[span["start"] : span["end"]] == "Please do not use any commas"


def test_a_set_without_constraints_is_refused(tmp_path):
    write(tmp_path / "rows.jsonl", [{"source": "t", "id": "1", "question": "2 + 2?", "answer": "4"}])
    line = read(tmp_path / "rows.jsonl")[0]
    write(
        tmp_path / "rows.jsonl",
        [line | {key: [] for key in ("constraint_name", "constraint_args", "constraint_desc")}],
    )
    with pytest.raises(InputError, match="no row has a constraint"):
        write_spans(tmp_path / "rows.jsonl", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_tokens_of_a_span_are_half_open():
    offsets = [(0, 4), (4, 8), (8, 8), (8, 12)]
    assert positions(offsets, 4, 8) == [1]  # neither the one that ends where it begins, nor the one after
    assert positions(offsets, 3, 9) == [0, 1, 3]


@needs_data
def test_the_wordings_agree_with_the_reference():
    """RAIN-Merging's spans were made by a language model, and not all are right: see DISPUTED."""
    rows = {row.id: row for row in read_rows(DATA / "ifeval/input_data.jsonl")}
    agreeing = [
        iou(entry, prompts, rows) >= 0.8
        for prompts in map(json.loads, (DATA / "constraint_spans/ifeval_spans.jsonl").open())
        for entry in prompts["spans"]
        if (prompts["key"], entry["instruction_id"]) not in DISPUTED
    ]
    assert sum(agreeing) / len(agreeing) >= AGREEMENT


AGREEMENT = 0.9
# Where the reference is plainly wrong, and why.
DISPUTED = {
    (1591, "combination:two_responses"): "the task is taken for the constraint, the asterisks are left out",
    (2918, "combination:two_responses"): "takes in the task",
    (3335, "combination:two_responses"): "one constraint as two entries",
    (167, "detectable_format:number_highlighted_sections"): "another constraint",
    (1943, "length_constraints:number_paragraphs"): "another constraint",
    (2969, "detectable_format:title"): "takes in another request",
    (2266, "length_constraints:number_sentences"): "takes in the task",
    (142, "keywords:frequency"): "takes in another constraint",
    (2041, "keywords:forbidden_words"): "one constraint as two entries",
    (2662, "keywords:existence"): "words without what is asked of them",
    (1342, "keywords:frequency"): "takes in the reason",
    (1174, "keywords:letter_frequency"): "takes in another request",
    (1477, "language:response_language"): "leaves out that no other language is allowed",
    (3335, "language:response_language"): "leaves out that no other language is allowed",
    (1508, "keywords:existence"): "words without what is asked of them",
    (2314, "detectable_format:number_bullet_lists"): "takes in the task",
    (3188, "change_case:capital_word_frequency"): "two constraints as one entry",
    (1094, "detectable_format:json_format"): "leaves out that the output is only to be JSON",
}


def iou(entry, reference, rows):
    """Characters in common over characters in either, with the constraint of that type that fits best."""
    prompt, row = reference["prompt"], rows[str(reference["key"])]
    wanted = {
        at for text in entry["texts"] for at in range(prompt.index(text), prompt.index(text) + len(text))
    }
    best = 0.0
    located = row_spans(row, preset="ifeval")
    assert located.prompt == prompt
    for number, constraint in enumerate(row.constraints):
        if constraint.id == entry["instruction_id"]:
            spans = [span for span in located.spans if span.constraint == number]
            ours = {at for span in spans for at in range(span.start, span.end)}
            best = max(best, len(ours & wanted) / len(ours | wanted))
    return best
