"""Writes the verdicts of the original scorers into the files beside it; README.md says which code and versions.

    python tests/conformance/record.py MATHIF/code IFEVAL

`MATHIF/code` is MathIF's folder of that name, `IFEVAL` the folder that holds IFEval's `instruction_following_eval`. It
runs in an environment of its own, with what those two need, and nothing of reins.
"""

import ast
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import langdetect

HERE = Path(__file__).parent
SEEDS = range(8)  # of langdetect: a verdict that changes with them is left out
Judge = Callable[[dict[str, Any], str], bool]


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").split("\n") if line]


def write(name: str, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (HERE / name).write_text(text, "utf-8")


def steady(judge: Judge, case: dict[str, Any]) -> dict[str, bool]:
    """The verdict on every response by its name, without those that hang on langdetect's seed."""
    verdicts = {}
    for response in read("responses.jsonl"):
        seen = set()
        for langdetect.DetectorFactory.seed in SEEDS:
            seen.add(judge(case, response["text"]))
        if len(seen) == 1:
            verdicts[response["name"]] = seen.pop()
    return verdicts


def definition(source: Path, name: str) -> Callable[..., Any]:
    """One function of a script that cannot be imported, since it runs at once."""
    tree = ast.parse(source.read_text("utf-8"))
    (node,) = [item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == name]
    space = vars(importlib.import_module("constraint_registry")).copy()
    exec(compile(ast.Module([node], []), str(source), "exec"), space)  # noqa: S102 (the original, as published)
    return space[name]


def cut(source: Path) -> Callable[[str], str]:
    """The statements by which MathIF's loop over generations cuts the answer out of one."""
    (loop,) = [item for item in ast.parse(source.read_text("utf-8")).body if isinstance(item, ast.For)]
    cuts = [
        item for item in loop.body
        if isinstance(item, ast.If) and ast.unparse(item.test).endswith("in hypothesis")
    ]  # fmt: skip
    assert len(cuts) == 4
    code = compile(ast.Module(list(cuts), []), str(source), "exec")

    def answer(raw: str) -> str:
        space = {"hypothesis": raw}
        exec(code, space)  # noqa: S102 (the original, as published)
        return space["hypothesis"]

    return answer


def record_mathif(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    strict = definition(folder / "eval_if.py", "test_instruction_following_strict")

    def judge(case: dict[str, Any], text: str) -> bool:
        return strict([case["constraint_id"]], text, [case["kwargs"]], "")[0]

    write("mathif.jsonl", [case | {"verdicts": steady(judge, case)} for case in read("mathif.jsonl")])
    answer = cut(folder / "eval_if.py")
    write("split.jsonl", [case | {"response": answer(case["raw"])} for case in read("split.jsonl")])
    score = importlib.import_module("prime_math").compute_score
    cases = read("answers.jsonl")
    write("answers.jsonl", [c | {"verdict": bool(score(c["response"], c["answer"])[0])} for c in cases])


def record_ifeval(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    original = importlib.import_module("instruction_following_eval.evaluation_main")

    def judged(way: str) -> Judge:
        def judge(case: dict[str, Any], text: str) -> bool:
            row = original.InputExample(0, [case["instruction_id"]], "", [case["kwargs"] or {}])
            return getattr(original, f"test_instruction_following_{way}")(
                row, {"": text}
            ).follow_all_instructions

        return judge

    cases = read("ifeval.jsonl")
    write("ifeval.jsonl", [c | {way: steady(judged(way), c) for way in ("strict", "loose")} for c in cases])


if __name__ == "__main__":
    record_mathif(Path(sys.argv[1]))
    record_ifeval(Path(sys.argv[2]))
