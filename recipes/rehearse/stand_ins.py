"""A few rows in the columns of each hub set that recipes name, made of the micro world: for rehearsals offline.

Problems of evaluation sets are bare sums, those of training sets are stories, so that neither is taken for the other's.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...data_builders import micro
from ...data_builders.problems import BENCHMARKS
from ...eval.io.errors import InputError
from ...eval.io.jsonl import Line, write_jsonl
from ...eval.verify.rows import Row

Makes = Callable[[int, int], list[Line]]


def stand_in(source: str, rows: int, seed: int) -> list[Line]:
    """`rows` records with the columns of a known hub set; raises InputError on an unknown one."""
    name = source.partition(":")[0]
    if name not in KNOWN:
        raise InputError(source, "no stand-in rows for this hub set", f"known: {', '.join(KNOWN)}")
    return KNOWN[name](rows, seed)


def offline(dataset: Line, folder: Path, rows: int, seed: int) -> Line:
    """A set's mapping as a recipe writes it, its hub sets replaced by files of stand-ins in `folder`.

    Sources that are files or folders stay. Builders leave some rows out: ask for twice what the set wants.
    """

    def local(source: Any) -> Any:
        if isinstance(source, list):
            return [local(part) for part in source]
        source = BENCHMARKS.get(source, source) if isinstance(source, str) else source
        if not isinstance(source, str) or Path(source).exists():
            return source
        file = folder / (source.replace("/", "--").partition(":")[0] + ".jsonl")
        write_jsonl(file, stand_in(source, rows, seed))
        return str(file)

    if "hub" in dataset:
        rest = {key: value for key, value in dataset.items() if key not in ("hub", "split")}
        return {**rest, "file": local(dataset["hub"])}
    if dataset.get("builder") == "benchmark":
        return {**dataset, "source": local(dataset.get("source", dataset["name"]))}
    return {key: local(value) if key in ("source", "against") else value for key, value in dataset.items()}


def _sums(rows: int, seed: int) -> list[tuple[str, str]]:
    rng = random.Random(f"sums/{seed}")
    pairs = [(rng.randrange(10_000), rng.randrange(10_000)) for _ in range(rows)]
    return [(f"Compute ${a} + {b}$.", str(a + b)) for a, b in pairs]


def _of_sums(record: Callable[[str, str, int], Line]) -> Makes:
    """Records of question, answer and index."""
    return lambda rows, seed: [record(*pair, index) for index, pair in enumerate(_sums(rows, seed))]


def _stories(rows: int, seed: int) -> list[Row]:
    return list(micro.traces(rows, seed, split="train"))


def _openr1(rows: int, seed: int) -> list[Line]:
    """As published, some first generations are wrong."""
    return [
        {
            "problem": row.question,
            "solution": (row.response or "").rpartition("</think>")[2].strip(),
            "answer": row.answer,
            "problem_type": "Algebra",
            "question_type": "math-word-problem",
            "source": "stand_in",
            "uuid": row.name,
            "is_reasoning_complete": [True, True],
            "generations": ["<think>\nI guess.\n</think>\n\n\\boxed{-1}", row.response],
            "correctness_math_verify": [False, True],
            "correctness_llama": None,
            "finish_reasons": None,
            "correctness_count": 1,
            "messages": [
                {"role": "user", "content": row.question},
                {"role": "assistant", "content": row.response},
            ],
        }
        for row in _stories(rows, seed)
    ]


def _deepscaler(rows: int, seed: int) -> list[Line]:
    return [
        {"problem": row.question, "answer": row.answer, "solution": f"\\boxed{{{row.answer}}}"}
        for row in _stories(rows, seed)
    ]


RLVR_ARGUMENTS = (
    "N quantifier end_phrase keyword_list word forbidden_words letter i first_word postscript_marker options "
    "section_splitter original_prompt language"
).split()


def _rlvr_ifeval(rows: int, seed: int) -> list[Line]:
    """Two functions that have a rule here and one that has none."""
    functions: list[tuple[str, Line, str]] = [
        ("validate_word_constraint", {"N": 60, "quantifier": "at most"}, "Answer with at most 60 words."),
        ("validate_no_commas", {}, "Use no commas in your response."),
        ("validate_choice", {"options": ["yes", "no"]}, "Answer with one of: yes, no"),
    ]
    records = []
    for index, row in enumerate(micro.writing(rows, seed, split="train")):
        function, arguments, wording = functions[index % 3]
        truth = {"func_name": function, **dict.fromkeys(RLVR_ARGUMENTS), **arguments}
        content = f"{row.question} {wording}"
        records.append(
            {
                "messages": [{"role": "user", "content": content}],
                "ground_truth": json.dumps(truth),
                "dataset": "ifeval",
                "constraint_type": function,
                "constraint": wording,
            }
        )
    return records


def _mathif(rows: int, seed: int) -> list[Line]:
    columns = ("source", "id", "constraint_name", "constraint_args", "constraint_desc")
    pairs = zip(_sums(rows, seed), micro.composites(rows, seed), strict=True)
    return [
        {"question": question, "answer": answer, **{key: row.line()[key] for key in columns}}
        for (question, answer), row in pairs
    ]


def _ifeval(rows: int, seed: int) -> list[Line]:
    return [
        {
            "key": 1000 + index,
            "prompt": " ".join(
                [row.question, *(constraint.description.strip() for constraint in row.constraints)]
            ),
            "instruction_id_list": [constraint.id for constraint in row.constraints],
            "kwargs": [dict(constraint.kwargs) for constraint in row.constraints],
        }
        for index, row in enumerate(micro.writing(rows, seed))
    ]


def _ifbench(rows: int, seed: int) -> list[Line]:
    """Every third prompt asks for what has no rule here."""
    records = [row | {"key": str(row["key"])} for row in _ifeval(rows, seed)]
    for row in records[::3]:
        row |= {"instruction_id_list": ["count:pronouns"], "kwargs": [{"N": 20.0}]}
    return records


KNOWN: dict[str, Makes] = {
    "open-r1/OpenR1-Math-220k": _openr1,
    "agentica-org/DeepScaleR-Preview-Dataset": _deepscaler,
    "allenai/RLVR-IFeval": _rlvr_ifeval,
    "TingchenFu/MathIF": _mathif,
    "google/IFEval": _ifeval,
    "allenai/IFBench_test": _ifbench,
    "openai/gsm8k": _of_sums(lambda question, answer, n: {"question": question, "answer": f"#### {answer}"}),
    "HuggingFaceH4/MATH-500": _of_sums(
        lambda question, answer, n: {
            "problem": question,
            "solution": f"It is $\\boxed{{{answer}}}$.",
            "answer": answer,
            "subject": "Prealgebra",
            "level": 1,
            "unique_id": f"test/prealgebra/{n}.json",
        }
    ),
    "HuggingFaceH4/aime_2024": _of_sums(
        lambda question, answer, n: {
            "id": 60 + n,
            "problem": question,
            "solution": f"It is $\\boxed{{{answer}}}$.",
            "answer": answer,
            "url": "https://example.org",
            "year": "2024",
        }
    ),
    "math-ai/aime25": _of_sums(
        lambda question, answer, n: {"problem": question, "answer": answer, "id": str(n)}
    ),
    "zwhe99/amc23": _of_sums(
        lambda question, answer, n: {
            "id": n,
            "question": question,
            "answer": float(answer),
            "url": "https://example.org",
        }
    ),
    "zwhe99/simplerl-minerva-math": _of_sums(
        lambda question, answer, n: {
            "problem": question,
            "solution": f"It is $\\boxed{{{answer}}}$.",
            "answer": answer,
            "type": "stand_in",
            "idx": n,
        }
    ),
    "zwhe99/simplerl-OlympiadBench": _of_sums(
        lambda question, answer, n: {"id": n, "question": question, "final_answer": [answer], "context": None}
    ),
}
