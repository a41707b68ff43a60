"""Outputs of other projects, in files that those projects wrote (tests/data/outputs): each read as it is, or refused."""

import json
import shutil
import zipfile
from io import BytesIO

import pytest
from output_files import DATA, FILES, PROMPTS, ROWS, SAMPLES, completion, lines_of, refused, scored

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import write_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.verify.rows import read_rows

# Files that do not say whether a sample hit its limit.
SILENT = {"lm_eval.jsonl", "lighteval.parquet", "evalscope_reviews.jsonl", "conversations.jsonl"}


FINISHED = [*SAMPLES[:-1], ("legs-2", 1, [False, True], "right", "none")]  # where nobody says that it was cut


def test_there_is_a_file_of_every_form():
    assert len(FILES) == 11


@pytest.mark.parametrize("name", FILES)
def test_outputs_are_scored_as_they_are(name, tmp_path):
    found = [
        (line["row"], line["sample"], line["verdicts"], line["outcome"], line["state"])
        for line in scored(DATA / name, tmp_path)
    ]
    assert found == (FINISHED if name in SILENT else SAMPLES)


@pytest.mark.parametrize("name", FILES)
def test_the_form_is_told_by_content_alone(name, tmp_path):
    same = shutil.copy(DATA / name, tmp_path / "some.txt")
    rows = read_rows(ROWS)
    assert load_responses(same, rows) == load_responses(DATA / name, rows)


@pytest.mark.parametrize("name", FILES)
def test_what_hit_its_limit_is_truncated_where_the_file_says_so(name):
    cut = [response.truncated for response in load_responses(DATA / name, read_rows(ROWS))]
    assert cut == ([None] * 6 if name in SILENT else [False, False, True, False, False, True])


@pytest.mark.parametrize("name", ["inspect.eval", "inspect.json", "openai_batch.jsonl"])
def test_tokens_are_kept_where_they_were_counted_apart(name):
    first, *_ = load_responses(DATA / name, read_rows(ROWS))
    assert (first.reasoning_tokens, first.answer_tokens) == (11, 9)
    assert first.thought == "A spider, an arachnid, has eight."


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".jsonl")])
def test_outputs_of_other_prompts_are_refused_and_named(name, tmp_path):
    lines = lines_of(name)
    others = [
        row | {"question": f"Other {i}?", "row": f"other-{i}", "id": f"o{i}"}
        for i, row in enumerate(lines_of("rows.jsonl"))
    ]
    write_jsonl(tmp_path / "rows.jsonl", [*lines_of("rows.jsonl")[:2], others[2]])
    write_jsonl(tmp_path / "r.jsonl", lines)
    if name == "chat_completions.jsonl":  # says nothing of its rows: line i is row i's
        write_jsonl(tmp_path / "r.jsonl", lines[:2])
        refused(tmp_path / "r.jsonl", "2 outputs for 3 rows", tmp_path / "rows.jsonl")
        return
    refused(
        tmp_path / "r.jsonl",
        r"r.jsonl:\d+: .* is not in the data \(\d of \d lines: [\d, ]+\)",
        tmp_path / "rows.jsonl",
    )


def test_rows_without_outputs_are_named(tmp_path):
    write_jsonl(tmp_path / "r.jsonl", lines_of("vllm_batch.jsonl")[1:2])
    refused(tmp_path / "r.jsonl", r"2 rows have no response, the first 'legs-0' \(also legs-2\)")


def test_a_table_and_a_list_are_read_as_lines(tmp_path):
    lines = lines_of("prompt_response.jsonl")
    (tmp_path / "r.json").write_text(json.dumps(lines, indent=1))
    rows = read_rows(ROWS)
    assert load_responses(tmp_path / "r.json", rows) == load_responses(DATA / "prompt_response.jsonl", rows)


def _bad_deflate():
    """A zip whose one sample is no deflated text, though its directory says so."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("samples/1_epoch_1.json", b"\xff" * 40)
    content = bytearray(file.getvalue())
    for place in (8, content.index(b"PK\x01\x02") + 10):
        content[place : place + 2] = (8).to_bytes(2, "little")
    return bytes(content)


BAD_DEFLATE = _bad_deflate()


BROKEN = {
    "not.zip": (b"PK\x03\x04 and no more", "a zip that cannot be read"),
    "cut.eval": ((DATA / "inspect.eval").read_bytes()[:9000], "a zip that cannot be read"),
    "cut.parquet": ((DATA / "lighteval.parquet").read_bytes()[:9000], "no parquet file that can be read"),
    "cut.json": ((DATA / "inspect.json").read_bytes()[:9000], "broken JSON"),
    "results.json": (b'{\n "results": {"ifeval": {"acc": 0.5}}\n}\n', "no response in a known form; give .*lm-eval"),
    "empty.json": (b"[]\n", "holds no responses"),
    "header.json": (b'{"eval": {"task": "legs"}, "samples": null}\n', "a log without samples"),
    "empty.jsonl": (b"", "holds no responses"),
    "likelihoods.jsonl": (
        b'{"doc_id": 0, "doc": {"question": "Is it?"}, "resps": [[["-1.5", "False"]], [["-0.5", "True"]]], "filter": "none"}\n',
        "field 'resps' is .*give the texts of a task that generates",
    ),
    "user.jsonl": (b'{"messages": [{"role": "user", "content": "Hi"}]}\n', "the last message is not the assistant's"),
    "none.jsonl": (b'{"object": "chat.completion", "choices": []}\n', "a completion without any choice"),
    "half.jsonl": (b'{"choices": [{"message": {"content": "it"}, "finish_reason": "error"}]}\n', r"a response that was broken off \(error\)"),
    "aborted.jsonl": (b'{"prompt": "Hi", "response": "it", "finish_reason": "abort"}\n', r"was broken off \(abort\)"),
    "failed.jsonl": (
        b'{"prompt": "Hi", "response": {"object": "response", "status": "failed", "output": []}}\n',
        r"has not ended \(status failed\)",
    ),
    "unread.jsonl": (
        b'{"messages": [{"role": "human", "content": "Hi"}, {"role": "assistant", "content": "it"}]}\n',
        "its prompt cannot be read",
    ),
    "nameless.jsonl": (
        b'{"custom_id": null, "response": {"choices": [{"message": {"content": "it"}}]}}\n',
        "field 'custom_id' is null",
    ),
    "reference.jsonl": (
        b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "gold"}], "response": "it"}\n',
        "no response in a known form",
    ),
    "false.jsonl": (b'{"messages": [{"role": "assistant", "content": false}]}\n', "field 'content' is false"),
    "zlib.eval": (BAD_DEFLATE, "a zip that cannot be read"),
    "picture.jsonl": (b'{"choices": [{"message": {"content": [{"type": "image", "image": "x"}]}}]}\n', "field 'content' is "),
}  # fmt: skip


@pytest.mark.parametrize(
    "wrapped", [lambda gold: {"output": [gold]}, lambda gold: {"response": completion(gold)}]
)
def test_lines_that_number_themselves_are_taken_in_that_order(wrapped, tmp_path):
    lines = [wrapped(f"\\boxed{{{'846'[i]}}}") | {"index": i} for i in (1, 2, 0)]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3


def test_a_row_that_is_named_may_be_asked_by_a_template_of_ones_own(tmp_path):
    lines = [
        {"row": f"legs-{i}", "prompt": f"Answer briefly. {PROMPTS[i]}", "response": f"\\boxed{{{'846'[i]}}}"}
        for i in (2, 0, 1)
    ]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3
    write_jsonl(tmp_path / "r.jsonl", [lines[0] | {"prompt": PROMPTS[1]}, *lines[1:]])
    refused(tmp_path / "r.jsonl", "r.jsonl:1: prompt and row are of different rows")
    write_jsonl(tmp_path / "r.jsonl", [line | {"row": f"other-{i}"} for i, line in enumerate(lines)])
    refused(tmp_path / "r.jsonl", r"prompt 'Answer briefly.* is not in the data \(3 of 3 lines\)")


@pytest.mark.parametrize("said", [{"done_reason": "length"}, {"stop_reason": "max_tokens"}, {"cut": True}])
def test_a_line_that_says_that_it_was_cut_is_believed(said, tmp_path):
    write_jsonl(
        tmp_path / "r.jsonl", [{"prompt": prompt, "response": "\\boxed{8}"} | said for prompt in PROMPTS]
    )
    assert {line["cut"] for line in scored(tmp_path / "r.jsonl", tmp_path)} == {True}


@pytest.mark.parametrize("name", BROKEN)
def test_bad_files_end_in_one_clear_line(name, tmp_path):
    content, complaint = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, f"{name}.*{complaint}")


def changed(value, path=()):
    """Every place in a value, with what stands there replaced by things of other types."""
    for other in (None, 5, "x", [], {"a": 1}):
        yield path, other
    if isinstance(value, dict):
        for key in value:
            yield from changed(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from changed(value[0], (*path, 0))


def put(value, path, other):
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".jsonl")])
def test_a_field_of_another_type_is_read_or_refused_in_one_line(name, tmp_path):
    first, *others = lines_of(name)
    rows, read = read_rows(ROWS), 0
    for path, other in changed(first):
        write_jsonl(tmp_path / "r.jsonl", [put(first, path, other), *others])
        try:
            read += bool(load_responses(tmp_path / "r.jsonl", rows))
        except InputError as error:
            assert "\n" not in str(error)
    assert read  # what nobody reads may be anything
