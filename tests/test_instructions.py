"""Instruction-following prompts of published schemas: what our rules can check of them, and what they cannot."""

import json

import pytest
from conftest import DATA, needs_data

from reins.data_builders import BUILDERS
from reins.data_builders.card import card
from reins.data_builders.coverage import coverage
from reins.data_builders.instructions import RLVR
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import write_jsonl
from reins.eval.verify import verdicts
from reins.eval.verify.rows import as_row

build = BUILDERS["instructions"]
ARGUMENTS = (
    "N quantifier end_phrase keyword_list word forbidden_words letter i first_word postscript_marker".split()
)


def rlvr(function, **given):
    """As published: every argument is there, those of other functions null."""
    truth = dict.fromkeys(ARGUMENTS) | {"func_name": function} | given
    messages = [{"role": "user", "content": f"{function} {given}"}]
    return {"messages": messages, "ground_truth": json.dumps(truth), "dataset": "ifeval"}


def made_of(tmp_path, *records):
    file = tmp_path / "prompts.jsonl"
    write_jsonl(file, records)
    return file


WORDS = {n: " ".join(["word"] * n) for n in (8, 9, 10, 11, 12, 13)}


@pytest.mark.parametrize(
    ("function", "given", "right", "wrong"),
    [
        ("validate_word_constraint", {"N": 10, "quantifier": "at least"}, WORDS[10], WORDS[9]),
        ("validate_word_constraint", {"N": 10, "quantifier": "at most"}, WORDS[10], WORDS[11]),
        ("validate_word_constraint", {"N": 10, "quantifier": "around"}, WORDS[11], WORDS[12]),
        ("validate_word_constraint", {"N": 10, "quantifier": "around"}, WORDS[9], WORDS[8]),
        ("verify_keyword_frequency", {"N": 2, "word": "sea"}, "Sea and sea.", "Sea, sea and sea."),
        ("verify_keyword_frequency", {"N": 2, "word": "sea"}, "The sea, the sea!", "The sea."),
        ("verify_letter_frequency", {"N": 1, "letter": "z"}, "a zoo", "a zigzag"),
        ("verify_sentence_constraint", {"N": 2, "quantifier": "around"}, "One is. Two is. Three is.", "One. " * 4),
        ("validate_paragraphs", {"N": 2, "i": 2, "first_word": "then"}, "Now.\n\nThen.", "Then.\n\nNow."),
        ("validate_frequency_capital_words", {"N": 1, "quantifier": "at most"}, "OH well", "OH NO"),
        ("verify_keywords", {"keyword_list": ["sea", "sky"]}, "sea and sky", "the sea"),
        ("validate_forbidden_words", {"forbidden_words": ["sea"]}, "sky", "the sea"),
        ("validate_end", {"end_phrase": "The end."}, "So. The end.", "The end. So"),
        ("verify_postscript", {"postscript_marker": "P.S."}, "Hi.\n\nP.S. More.", "Hi."),
        ("validate_sections", {"N": 2, "section_splitter": "Section"}, "Section 1\na\nSection 2\nb", "Section 1\na"),
        ("validate_repeat_prompt", {"original_prompt": "Say it."}, "Say it. Yes.", "Yes."),
        ("validate_response_language", {"language": "de"}, "Das Meer ist heute sehr ruhig.", "The sea is calm."),
    ],
)  # fmt: skip
def test_functions_mean_the_same_as_our_constraints(tmp_path, function, given, right, wrong):
    (row,) = build(rows=1, seed=0, source=str(made_of(tmp_path, rlvr(function, **given))))
    assert as_row(row.line(), "", 0, "") == row
    assert all(verdicts(row.constraints, right)) and not all(verdicts(row.constraints, wrong))


@pytest.mark.parametrize("function", sorted(RLVR))
def test_every_mapped_function_has_kwargs_our_rules_read(tmp_path, function):
    given = {
        "N": 2, "i": 1, "word": "sea", "letter": "s", "language": "fr", "first_word": "so", "end_phrase": "End.",
        "postscript_marker": "P.S.", "section_splitter": "Section", "original_prompt": "Say.",
        "keyword_list": ["sea"], "forbidden_words": ["sky"], "quantifier": "at least",
    }  # fmt: skip
    (row,) = build(rows=1, seed=0, source=str(made_of(tmp_path, rlvr(function, **given))))
    assert as_row(row.line(), "", 0, "") == row


def test_what_has_no_rule_is_counted_and_left_out(tmp_path):
    file = made_of(
        tmp_path,
        rlvr("validate_choice", options=["a"]),
        rlvr("verify_paragraph_count", N=2),
        rlvr("validate_title"),
    )
    built = build(rows=1, seed=0, source=str(file))
    (row,) = built
    assert [each.id for each in row.constraints] == ["detectable_format:title"]
    assert built.tally.dropped["no rule for validate_choice"] == 1
    assert "- no rule for validate_choice: 1\n" in card(
        [row], name="if", command="", seed=0, tally=built.tally
    )
    assert coverage(str(file)) == {
        "validate_choice": (1, False),
        "verify_paragraph_count": (1, False),
        "validate_title": (1, True),
    }
    with pytest.raises(
        InputError, match="1 prompts with constraints of ours, 2 wanted .*no rule for validate_choice"
    ):
        list(build(rows=2, seed=0, source=str(file)))


def test_a_blank_prompt_is_refused(tmp_path):
    blank = {"prompt": " ", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    with pytest.raises(InputError, match=r"prompts.jsonl:1: a blank prompt; take the record out"):
        list(build(rows=1, seed=0, source=str(made_of(tmp_path, blank))))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"prompts.jsonl:1: no column 'messages'; the record has ground_truth"
    ):
        list(build(rows=1, seed=0, source=str(made_of(tmp_path, {"ground_truth": "{}"}))))
    with pytest.raises(InputError, match=r"prompts.jsonl:1: no column 'kwargs'; the record has instr"):
        list(
            build(
                rows=1, seed=0, source=str(made_of(tmp_path, {"instruction_id_list": [], "prompt": "Say."}))
            )
        )


@needs_data
def test_verl_if_keeps_its_hard_constraints():
    built = build(rows=1000, seed=0, source=str(DATA / "verl_if" / "train.parquet"))
    rows = list(built)
    for row in rows:
        assert as_row(row.line(), "", 0, "") == row
    assert len({row.name for row in rows}) == 1000
    soft = {reason for reason in built.tally.dropped if "situation:" not in reason}
    assert soft == {f"no rule for {name}" for name in ("soft_content:open_ended", "soft_content:language", "style:open_ended")}  # fmt: skip
