"""Files of responses as people bring them: each read as what it says, or refused by line; never guessed."""

import gzip
import json

import pytest

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.score.score import score
from reins.eval.verify.responses import as_response
from reins.eval.verify.rows import read_rows

QUESTIONS = ["How many legs has a spider?", "What is 9 - 5?", "How many sides has a hexagon?"]
GOLDS = ["8", "4", "6"]
MATHS = [
    {"source": "test", "id": f"q{i}", "row": f"r{i}", "question": question, "answer": gold,
     "constraint_name": ["punctuation:no_comma"], "constraint_args": [None], "constraint_desc": ["No commas."]}
    for i, (question, gold) in enumerate(zip(QUESTIONS, GOLDS, strict=True))
]  # fmt: skip
PROMPTS = ["Write a poem on rain, no commas.", "Name two rivers in small letters.", "Say yes in quotes."]
IFEVAL = [
    {"key": 5 + i, "prompt": prompt, "instruction_id_list": [name], "kwargs": [{}]}
    for i, (prompt, name) in enumerate(
        zip(PROMPTS, ["punctuation:no_comma", "change_case:english_lowercase", "startend:quotation"], strict=True)
    )
]  # fmt: skip
ANSWERS = ["Rain falls", "oder and elbe", '"Yes"']  # each holds what its own prompt asks, and no other's


def ours(number, **said):
    return {"row": f"r{number}", "sample": 0, "text": f"\\boxed{{{GOLDS[number]}}}"} | said


def output(number, **said):
    return {"output": [f"\\boxed{{{GOLDS[number]}}}"]} | said


def answer(number, **said):
    return {"prompt": PROMPTS[number], "response": ANSWERS[number]} | said


@pytest.fixture
def scored(tmp_path):
    def run(rows, lines):
        write_jsonl(tmp_path / "rows.jsonl", rows)
        text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
        (tmp_path / "r.jsonl").write_text(text, encoding="utf-8")
        return read_jsonl(score(tmp_path / "rows.jsonl", tmp_path / "r.jsonl", tmp_path / "out"))

    return run


def refused(scored, rows, lines, complaint):
    with pytest.raises(InputError, match=complaint) as caught:
        scored(rows, lines)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"cut": "length"}, "field 'cut' is 'length'; give true or false"),
        ({"cut": 0}, "field 'cut' is 0; give true or false"),
        ({"truncated": "yes"}, "field 'truncated' is 'yes'; give true or false"),
        ({"rationale": "So, 12"}, "'rationale' holds text that may be the thought"),
        ({"inner_monologue": "So, 12"}, "'inner_monologue' holds text that may be the thought"),
        ({"analysis": "So, 12"}, "'analysis' holds text that may be the thought"),
        ({"scratchpad": "So, 12"}, "'scratchpad' holds text that may be the thought"),
        ({"cut": []}, r"field 'cut' is \[\]; give true or false"),
        ({"sample": None}, "field 'sample' is null; give a whole number from 0"),
        ({"sample": True}, "field 'sample' is true"),
        ({"sample": -1}, "field 'sample' is -1"),
        ({"sample": 0.5}, "field 'sample' is 0.5"),
        ({"reasoning_tokens": -3}, "field 'reasoning_tokens' is -3"),
        ({"answer_tokens": "7"}, "field 'answer_tokens' is '7'"),
        ({"answer_tokens": False}, "field 'answer_tokens' is false"),
        ({"reasoning_tokens": {"n": 1}}, "field 'reasoning_tokens' is {'n': 1}"),
        ({"row": 1}, "field 'row' is 1; give a text"),
        ({"row": {"name": "r1"}}, "field 'row' is {'name': 'r1'}; give a text"),
        ({"row": None}, "field 'row' is null; give a text"),
        ({"state": "open"}, "field 'state' is 'open'; give one of closed, unclosed, none"),
        ({"state": ["none"]}, r"field 'state' is \['none'\]"),
        ({"text": 4}, "field 'text' is 4; give a text"),
        ({"text": {"content": "4"}}, "field 'text' is {'content': '4'}; give a text"),
        ({"text": []}, r"field 'text' is \[\]; give a text"),
        ({"text": [{"type": "image_url", "image_url": "x"}]}, r"field 'text' is \[\{'type': 'image_url'"),
        ({"text": [{"type": "text", "text": None}]}, "field 'text' is null; give a text"),
        ({"reasoning": {"effort": "high"}}, "field 'reasoning' is {'effort': 'high'}; give a text"),
        ({"reasoning_content": ["a", "b"]}, "2 in 'reasoning_content' for 1 texts"),
    ],
)  # fmt: skip
def test_values_of_another_type_are_refused_by_line(scored, said, complaint):
    refused(scored, MATHS, [ours(0), ours(1, **said), ours(2)], f"r.jsonl:2: {complaint}")


DETAILS = [
    {"type": "reasoning.summary", "summary": "nine take five"},
    {"type": "reasoning.text", "text": "is four"},
    {"type": "reasoning.encrypted", "data": "gAAA"},
]


@pytest.mark.parametrize(
    ("said", "thought"),
    [
        ({"reasoning_details": DETAILS}, "nine take five\nis four"),
        ({"reasoning_details": DETAILS[2:]}, None),
        ({"reasoning": "so four", "reasoning_details": DETAILS}, "so four"),
        ({"thought": "so four"}, "so four"),
        ({"thoughts": ["so four"]}, "so four"),
        ({"reasoning_text": "so four"}, "so four"),
        ({"thinking": True, "reasoning_effort": "high", "reason": "stop"}, None),
    ],
)  # fmt: skip
def test_a_thought_beside_the_text_is_read_however_its_column_is_called(said, thought):
    assert as_response(ours(1, **said), "r.jsonl:1").thought == thought


@pytest.mark.parametrize(
    "column", ["thought_process", "thinking_steps", "chainOfThought", "model_reasoning", "cot"]
)
@pytest.mark.parametrize("value", ["so four", ["so four"], {"text": "先算"}])
def test_a_thought_in_a_column_that_is_not_read_is_refused_by_name(column, value):
    complaint = f"^r.jsonl:1: '{column}' holds text that may be the thought; call it `reasoning_content` if"
    with pytest.raises(InputError, match=complaint):
        as_response(ours(1, **{column: value}), "r.jsonl:1")


@pytest.mark.parametrize(
    ("said", "cut"),
    [
        ({"finish_reason": "length"}, True),
        ({"finish_reason": "MAX_TOKENS", "cut": None}, True),
        ({"stop_reason": "max_tokens"}, True),
        ({"finish_reason": "stop", "stop_reason": 151645}, False),
        ({"finish_reason": "length", "cut": False}, False),
        ({"finish_reason": "stop", "cut": True}, True),
        ({"finish_reason": {"type": "length", "length": 512}}, True),
        ({"finish_reason": "FINISH_REASON_MAX_TOKENS"}, True),
        ({"finish_reason": "FINISH_REASON_STOP"}, False),
        *(({"finish_reason": filtered}, True) for filtered in ("content_filter", "SAFETY", "FINISH_REASON_RECITATION")),
        ({"stop_reason": "refusal"}, True),
        ({"truncated": True, "finish_reason": "stop"}, True),
        ({"is_truncated": True}, True),
        ({"cut": False, "truncated": True}, False),
        *(({"finish_reason": limit}, True) for limit in ("FinishReason.MAX_TOKENS", "max_new_tokens", "model_context_window_exceeded")),
        *(({"finish_reason": own}, False) for own in ("FinishReason.STOP", "eos_token", "stop_sequence", "end_turn", "tool-calls")),
        *(({"finish_reason": no_end}, None) for no_end in ("unknown", "OTHER", "FINISH_REASON_UNSPECIFIED", "repetition")),
        ({}, None),
    ],
)  # fmt: skip
def test_where_no_cut_is_told_the_reason_for_the_end_tells_it(said, cut):
    assert as_response(ours(1, **said), "r.jsonl:1").truncated is cut


@pytest.mark.parametrize("reason", ["abort", "network_error"])
def test_half_a_reply_in_our_own_form_is_refused_too(reason):
    with pytest.raises(InputError, match=rf"r.jsonl:1: a response that was broken off \({reason}\)"):
        as_response(ours(1, finish_reason=reason), "r.jsonl:1")


@pytest.mark.parametrize("tokens", [10, 10.0, 0.0, 1e3])
def test_a_count_may_be_written_as_a_table_writes_it(scored, tokens):
    said = {"reasoning_tokens": tokens, "answer_tokens": tokens, "sample": 0.0}
    scores = scored(MATHS, [ours(0), ours(1, **said), ours(2)])
    assert type(scores[1]["answer_tokens"]) is int and scores[1]["answer_tokens"] == tokens


@pytest.mark.parametrize(
    "value",
    ["\\boxed{4}", {"text": "\\boxed{4}"}, None, 4, [], [None], ["\\boxed{4}", 4],
     [{"message": {"role": "assistant", "content": "\\boxed{4}"}}]],
)  # fmt: skip
def test_an_output_is_a_list_of_texts(scored, value):
    lines = [output(0), {"output": value}, output(2)]
    refused(scored, MATHS, lines, r"r.jsonl:2: field 'output' is .*; give a list of texts")


@pytest.mark.parametrize("value", [None, 4, ["Yes"], {"role": "assistant", "content": "Yes"}, True])
def test_a_response_is_a_text(scored, value):
    lines = [answer(0), answer(1, response=value), answer(2)]
    refused(scored, IFEVAL, lines, "r.jsonl:2: field 'response' is .*; give a text")


def test_content_parts_that_are_all_text_are_read(scored):
    parts = [{"type": "text", "text": "so \\boxed"}, {"type": "text", "text": "{4}"}]
    scores = scored(MATHS, [ours(0), ours(1, text=parts), ours(2)])
    assert [one["outcome"] for one in scores] == ["right"] * 3
    scores = scored(MATHS, [output(0), {"output": [parts]}, output(2)])
    assert [one["outcome"] for one in scores] == ["right"] * 3
    spoken = [{"type": "output_text", "text": "oder and "}, {"type": "output_text", "text": "elbe"}]
    scores = scored(IFEVAL, [answer(0), answer(1, response=spoken), answer(2)])
    assert all(one["hacc"] for one in scores)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"row": "r1", "row": "r2", "sample": 0, "text": "4"}\n', "key 'row' comes twice in one object; keep one"),
        ('{"row": "r1", "sample": 0, "text": "4", "cut": true, "cut": false}\n', "key 'cut' comes twice"),
        ('{"row": "r1", "sample": 0, "text": "4", "about": {"a": 1, "a": 1}}\n', "key 'a' comes twice"),
        ('{"row": "r1", "sample": 0, "text": "4", "text": "4"}\n', "key 'text' comes twice"),
        ('{"row": "r1", "sample": 0, "text": "4", "p": NaN}\n', "NaN, which is no JSON"),
        ('{"row": "r1", "sample": 0, "text": "4", "p": [-Infinity]}\n', "-Infinity, which is no JSON"),
        ('{"row": "r1", "sample": 0, "text": "4", "p": 1e999}\n', "1e999 is too large for a number"),
        ('{"row": "r1", "sample": NaN, "text": "4"}\n', "NaN, which is no JSON"),
        ('{"row": "r1", "p": ' + "[" * 50_000 + "]" * 50_000 + "}\n", "nested too deeply"),
        ('{"p": ' * 50_000 + "1" + "}" * 50_000 + "\n", "nested too deeply"),
        ("[" * 90_000 + "\n", "nested too deeply"),
        ('{"row": "r1", "p": ' + "[" * 70_000 + "\n", "nested too deeply"),
        ('{"row": "r1", "text": "cut o\n', "broken JSON"),
        ('{"row": "r1"} {"row": "r2"}\n', "broken JSON"),
        ('{"row": "r1", "sample": 0, "text": "a\0b"}\n', "holds a NUL byte"),
    ],
    ids=range(15),
)  # fmt: skip
def test_json_that_can_be_read_in_two_ways_or_in_none_is_refused(scored, line, complaint):
    refused(scored, MATHS, [ours(0), line, ours(2)], f"r.jsonl:2: {complaint}")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (gzip.compress(b"{}\n", mtime=0), "compressed by gzip; unpack it"),
        (b"PAR1 and more", "a parquet table"),
    ],
)
def test_files_that_are_no_text_say_what_they_are(tmp_path, content, complaint):
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=f"rows.jsonl: {complaint}"):
        read_rows(tmp_path / "rows.jsonl")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "shift_jis"])
def test_other_encodings_are_refused_by_line_with_their_mend(tmp_path, encoding):
    text = "".join(json.dumps(ours(i), ensure_ascii=False) + "\n" for i in range(3))
    text = text.replace("{4}", "{4} 円" if encoding == "shift_jis" else "{4} né")
    write_jsonl(tmp_path / "rows.jsonl", MATHS)
    (tmp_path / "r.jsonl").write_bytes(text.encode(encoding))
    what = (
        "r.jsonl: UTF-16; .*-f utf-16"
        if encoding == "utf-16"
        else r"r.jsonl:2: not UTF-8 .byte 0x..\); .*iconv"
    )
    with pytest.raises(InputError, match=what):
        score(tmp_path / "rows.jsonl", tmp_path / "r.jsonl", tmp_path / "out")


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([answer(0), answer(1, prompt=None), answer(2)], "r.jsonl:2: field 'prompt' is null"),
        ([answer(0), answer(1, prompt=[PROMPTS[1]]), answer(2)], "r.jsonl:2: field 'prompt' is "),
        ([answer(0), answer(1, prompt=""), answer(2)], r"r.jsonl:2: prompt '' is not in the data \(1 of 3 lines"),
        ([answer(i, prompt=f"Tell me of {i}.") for i in range(3)], r"'Tell me of 0.' is not in the data \(3 of 3"),
        ([answer(i, prompt=f"[INST] {PROMPTS[i]} [/INST]") for i in (2, 0, 1)], r"not in the data \(3 of 3 lines\)"),
        ([answer(i, prompt=PROMPTS[i].upper()) for i in range(3)], r"not in the data \(3 of 3 lines\)"),
        ([answer(i, prompt=PROMPTS[i] + "!") for i in range(3)], r"not in the data \(3 of 3 lines\)"),
        ([answer(0), answer(1), answer(1)], r"1 rows have no response, the first 'rows-7'"),
        ([answer(0, key=6), answer(1, key=5), answer(2, key=7)], "r.jsonl:1: key and prompt are of different rows|prompt and key"),
    ],
    ids=range(9),
)  # fmt: skip
def test_no_line_is_paired_by_its_place_where_its_prompt_is_of_no_row(scored, lines, complaint):
    refused(scored, IFEVAL, lines, complaint)


def test_responses_in_order_of_finishing_find_their_prompts(scored):
    scores = scored(IFEVAL, [answer(i) for i in (2, 0, 1)])
    assert [one["hacc"] for one in scores] == [True] * 3
    scores = scored(IFEVAL, [answer(i, id=f"chatcmpl-{i}") for i in (1, 2, 0)])  # the response's own id
    assert [one["hacc"] for one in scores] == [True] * 3


MATHIF_PROMPT = "{}Let's think step by step and output the final answer within \\boxed{{}}.No commas."


@pytest.mark.parametrize(
    "told",
    [
        lambda i: {"prompt": QUESTIONS[i]},
        lambda i: {"question": QUESTIONS[i]},
        lambda i: {"prompt": MATHIF_PROMPT.format(QUESTIONS[i])},
        lambda i: {"instruction": QUESTIONS[i], "id": f"q{i}"},
        lambda i: {"id": f"q{i}"},
        lambda i: {"row": f"r{i}"},
    ],
)  # fmt: skip
def test_outputs_that_say_their_rows_are_matched_by_it(scored, told):
    scores = scored(MATHS, [output(i, **told(i)) for i in (1, 2, 0)])
    assert [one["outcome"] for one in scores] == ["right"] * 3


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([output(i, prompt=f"Another {i}") for i in range(3)], r"r.jsonl:1: prompt 'Another 0' is not in the data \(3 of 3"),
        ([output(i, id=f"item-{i}") for i in range(3)], r"r.jsonl:1: id 'item-0' is not in the data"),
        ([output(0), output(1, prompt=QUESTIONS[1]), output(2)], "r.jsonl:1: says neither row nor prompt"),
        ([output(i, prompt=QUESTIONS[i], id=f"q{(i + 1) % 3}") for i in range(3)], "r.jsonl:1: prompt and id are of different rows"),
        ([output(i, id=[i]) for i in range(3)], r"r.jsonl:1: field 'id' is \[0\]"),
        ([output(i, row=f"r{i + 1}") for i in range(3)], "r.jsonl:3: row 'r3' is not in the data"),
        ([output(0), output(1)], "2 outputs for 3 rows"),
    ],
    ids=range(7),
)  # fmt: skip
def test_outputs_that_say_other_rows_are_refused(scored, lines, complaint):
    refused(scored, MATHS, lines, complaint)


def test_a_prompt_that_stands_twice_is_told_apart_by_place_or_refused(scored):
    twice = [IFEVAL[0], IFEVAL[1] | {"prompt": PROMPTS[0]}, IFEVAL[2]]
    lines = [answer(0), answer(1, prompt=PROMPTS[0]), answer(2)]
    assert [one["hacc"] for one in scored(twice, lines)] == [True] * 3
    refused(
        scored,
        twice,
        lines[::-1],
        r"r.jsonl:2: its prompt or id stands 2 times in the data \(rows 'rows-5' and 'rows-6'\)",
    )
    ids = [row | {"id": "q"} for row in MATHS]  # published ids are not unique
    assert all(one["correct"] for one in scored(ids, [output(i, id="q") for i in range(3)]))
    refused(scored, ids, [output(0, id="q")], "stands 3 times in the data")
    refused(scored, twice, [*lines, *lines], "stands 2 times in the data")
