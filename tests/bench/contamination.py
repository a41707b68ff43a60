"""Decontamination, measured: known overlaps found, and recall on published contamination pairs.

    python tests/bench/contamination.py

Reads ../shared/data. The pairs hold a MATH-500 problem and a training problem: the lexical ones share text, the
semantic ones only an idea, which no rule on the text can be expected to find. The lexical pairs that ours misses are
different problems that share markup, such as `\\begin{pmatrix}`: their list counted every LaTeX sign as a word.
"""

from collections import Counter
from pathlib import Path

from reins.data_builders.decontaminate import Evaluation, Overlap, decontaminate, read_evaluation
from reins.data_builders.problems import read_problems
from reins.eval.io.jsonl import read_jsonl
from reins.eval.verify import Row

DATA = Path(__file__).parents[3] / "shared" / "data"
EVALUATION = [str(DATA / name) for name in ("qwen_math_eval", "mathif", "gsm8k/test.jsonl")]
TRAINING = ["deepscaler_union/deepscaler_union_29336.jsonl", "gsm8k/train.jsonl"]
PAIRS = ["openthoughts_c_lex", "s1_c_lex", "openthoughts_c_sem"]


def recall(name: str) -> tuple[int, int]:
    """(pairs whose training problem is found by its evaluation problem, pairs)."""
    pairs = read_jsonl(DATA / "contam_audit" / f"{name}.jsonl")
    found = 0
    for pair in pairs:
        known = _row("math500", pair["math500_id"], pair["math500_problem"])
        asked = _row(name, pair["train_id"], pair["train_problem"])
        found += bool(Evaluation([known]).find(asked))
    return found, len(pairs)


def _row(source: str, name: object, question: str) -> Row:
    return Row(str(name), problem_id=str(name), source=source, id=str(name), question=question, answer="")


def main() -> None:
    evaluation = read_evaluation(EVALUATION)
    for name in TRAINING:
        removed: list[Overlap] = []
        kept = sum(1 for _ in decontaminate(read_problems(DATA / name), evaluation, removed))
        rules = Counter((overlap.kind, overlap.evaluation) for overlap in removed)
        print(f"{name}: {kept} kept, {len({overlap.row for overlap in removed})} removed")
        for (kind, source), count in sorted(rules.items(), reverse=True):
            print(f"  {kind:7} {source} {count}")
    for name in PAIRS:
        found, pairs = recall(name)
        print(f"contam_audit/{name}: recall {found}/{pairs} = {found / pairs:.2f}")


if __name__ == "__main__":
    main()
