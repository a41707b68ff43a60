"""Our presets beside the verdicts of the originals, case by case: the small sets of ours, and larger ones where present."""

import json
from pathlib import Path

import langdetect
import pytest
from conftest import SHARED, needs_shared

from reins.eval.verify import (
    MATHIF,
    TYPES,
    canonical,
    check,
    describe,
    read_constraints,
    split_reasoning,
    verdicts,
)
from reins.eval.verify.constraints.detector import SEED, detect

CASES = SHARED / "conformance"
OURS = Path(__file__).parent / "conformance"


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


RESPONSES = {response["name"]: response["text"] for response in read(OURS / "responses.jsonl")}
MATHIF_CASES, IFEVAL_CASES = read(OURS / "mathif.jsonl"), read(OURS / "ifeval.jsonl")


@pytest.mark.parametrize("case", MATHIF_CASES, ids=[case["constraint_id"] for case in MATHIF_CASES])
def test_our_texts_get_mathifs_verdicts(case):
    constraint, kwargs = case["constraint_id"], case["kwargs"]
    assert len(case["verdicts"]) > 10
    assert {
        name: check(constraint, kwargs, RESPONSES[name], preset="mathif") for name in case["verdicts"]
    } == case["verdicts"]


@pytest.mark.parametrize("reading", ["strict", "loose"])
@pytest.mark.parametrize("case", IFEVAL_CASES, ids=[case["instruction_id"] for case in IFEVAL_CASES])
def test_our_texts_get_ifevals_verdicts(case, reading):
    instruction, kwargs = case["instruction_id"], case["kwargs"]
    assert len(case[reading]) > 10
    assert {
        name: check(instruction, kwargs, RESPONSES[name], preset="ifeval", loose=reading == "loose")
        for name in case[reading]
    } == case[reading]


def test_our_texts_cover_every_published_type_held_and_broken():
    for types, cases, key, readings in (
        (MATHIF, MATHIF_CASES, "constraint_id", ["verdicts"]),
        (TYPES, IFEVAL_CASES, "instruction_id", ["strict", "loose"]),
    ):
        for reading in readings:
            seen = {(canonical(case[key]), held) for case in cases for held in case[reading].values()}
            assert {(name, held) for name in types for held in (True, False)} - seen == set()


def test_our_generations_are_cut_as_mathif_cuts_them():
    cases = read(OURS / "split.jsonl")
    assert len(cases) >= 24
    for case in cases:
        assert split_reasoning(case["raw"], preset="mathif").answer == case["response"], case["raw"]


def mathif_rows() -> list[dict]:
    return [row for path in sorted((SHARED / "data" / "mathif").glob("*.jsonl")) for row in read(path)]


@needs_shared
@pytest.mark.parametrize("name", sorted(MATHIF))
def test_mathif_verdicts_agree_in_every_case(name):
    cases = [
        case for case in read(CASES / "mathif_constraints.jsonl") if canonical(case["constraint_id"]) == name
    ]
    assert len(cases) > 60
    wrong = [
        case["id"]
        for case in cases
        if check(case["constraint_id"], case["kwargs"], case["response"], preset="mathif") != case["verdict"]
    ]
    assert wrong == []


@needs_shared
def test_mathif_cuts_the_answer_as_published():
    cases = read(CASES / "mathif_response_split.jsonl")
    assert len(cases) >= 14
    for case in cases:
        assert split_reasoning(case["raw"], preset="mathif").answer == case["response"], case


@needs_shared
@pytest.mark.parametrize("name", sorted(TYPES))
def test_ifeval_verdicts_agree_strict_and_loose(name):
    cases = [case for case in read(CASES / "ifeval.jsonl") if case.get("instruction_id") == name]
    assert len(cases) >= 10
    for case in cases:
        for reading in ("strict", "loose"):
            found = check(name, case["kwargs"], case["response"], preset="ifeval", loose=reading == "loose")
            assert found == case[reading], (reading, case)


@needs_shared
def test_ifeval_prompts_agree_instruction_by_instruction():
    cases = [case for case in read(CASES / "ifeval.jsonl") if case["kind"] == "prompt"]
    assert len(cases) >= 74
    for case in cases:
        constraints = read_constraints(case["instruction_id_list"], case["kwargs"])
        strict = verdicts(constraints, case["response"], preset="ifeval")
        loose = verdicts(constraints, case["response"], preset="ifeval", loose=True)
        assert (strict, loose) == (case["strict_list"], case["loose_list"]), case["case_id"]


@needs_shared
def test_gpt4_responses_get_the_official_lists():
    official = {case["key"]: case for case in read(CASES / "ifeval_gpt4_verdicts.jsonl")}
    folder = SHARED / "data" / "ifeval"
    said = {
        row["prompt"]: row["response"]
        for row in read(folder / "input_response_data_gpt4_20231107_145030.jsonl")
    }
    judged = 0
    for prompt in read(folder / "input_data.jsonl"):
        case = official.get(prompt["key"])
        if case is None or case["random_in_official"] or prompt["prompt"] not in said:
            continue
        constraints = read_constraints(prompt["instruction_id_list"], prompt["kwargs"])
        answer = said[prompt["prompt"]]
        assert verdicts(constraints, answer, preset="ifeval") == case["strict_list"], prompt["key"]
        assert verdicts(constraints, answer, preset="ifeval", loose=True) == case["loose_list"], prompt["key"]
        judged += 1
    assert judged > 180


@needs_shared
def test_ours_judge_real_responses_as_a_reader_would():
    folder = SHARED / "data"
    prompts = {row["key"]: row for row in read(folder / "ifeval" / "input_data.jsonl")}
    gpt4 = folder / "ifeval" / "input_response_data_gpt4_20231107_145030.jsonl"
    qwen = folder / "m_ifeval" / "Qwen__Qwen2.5-1.5B-Instruct-GPTQ-Int4__strict.jsonl"
    due = [
        (gpt4, 1537, [True]),  # P.P.S. on a line of its own, what it says below
        (gpt4, 3324, [True, True]),  # seven sections in each of two versions
        (qwen, 3619, [False, False]),  # an XML document in a fence, with commas and no placeholder
        (qwen, 1800, [True]),  # a postscript at the end of the last paragraph
    ]
    for file, key, expected in due:
        asked = prompts[key]
        (said,) = [row["response"] for row in read(file) if row["prompt"] == asked["prompt"]]
        pairs = zip(asked["instruction_id_list"], asked["kwargs"], strict=True)
        assert [check(name, kwargs, said) for name, kwargs in pairs] == expected, key


@needs_shared
def test_every_description_of_the_benchmark_follows_from_its_kwargs():
    described = [
        (describe(name, kwargs), written)
        for row in mathif_rows()
        for name, kwargs, written in zip(
            row["constraint_name"], row["constraint_args"], row["constraint_desc"], strict=True
        )
    ]
    assert len(described) == 840
    assert [ours for ours, _ in described] == [theirs for _, theirs in described]


@needs_shared
def test_the_fast_detector_gives_langdetects_own_answers():
    langdetect.DetectorFactory.seed = SEED
    texts = [case["response"] for case in read(CASES / "mathif_constraints.jsonl")[::9]]
    texts += [
        "",
        "A",
        "\\boxed{42}",
        "ABC def",
        "Tiếng Viê\u0323t",
        "中文 and English",
        "42 = 42",
        "é" * 40,
        "http://a.b c@d.e",
    ]
    for text in texts:
        try:
            expected = langdetect.detect(text)
        except langdetect.LangDetectException:
            expected = None
        assert detect(text) == expected, text
