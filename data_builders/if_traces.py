"""Long traces with constraints that their answers hold: SFT rows for the instruction-following arms.

The thought stays as the model wrote it. The answer after it is rewritten, as little as the constraints need, until
every one of 1-3 holds; the boxed answer stays what it was. So the rows differ from `long_traces` in the constraints
asked and in the form of the answer alone.
"""

import random
from collections.abc import Iterator
from itertools import combinations, count

from ..eval.io.errors import InputError
from ..eval.verify import MATHIF, TYPES, Pools, conflict, describe, split_reasoning, witness
from ..eval.verify.answers import boxed
from ..eval.verify.rows import Row
from .composites import halves
from .draw import Built, Tally
from .long_traces import long_traces

DRAWS = 20  # of constraints for one trace, before it is passed over
LEFT_OUT = "no constraints hold on its answer"


def if_traces(
    rows: int,
    seed: int,
    *,
    source: str,
    tokenizer: str | None = None,
    max_reasoning_tokens: int | None = None,
    against: list[str] | None = None,
    preset: str = "reins",
) -> Built:
    """The first `rows` traces, drawn as `long_traces` draws them, whose answer can hold the constraints drawn for it.

    Types are MathIF's, one to three in a row, values from the train half of the pools. Raises InputError where the
    source is used up before.
    """
    traces = long_traces(
        2 * rows,  # of these most can be used
        seed,
        source=source,
        tokenizer=tokenizer,
        max_reasoning_tokens=max_reasoning_tokens,
        against=against,
    )
    return Built(_constrained(rows, seed, traces, preset), traces.tally)


def _constrained(rows: int, seed: int, traces: Built, preset: str) -> Iterator[Row]:
    pools, number = halves(Pools())["train"], count()
    tally: Tally = traces.tally
    for trace in traces:
        rng = random.Random(f"{seed}/if/{trace['problem_id']}")
        found = next(filter(None, (_try(trace, rng, pools, preset) for _ in range(DRAWS))), None)
        if found is None:
            tally.dropped[LEFT_OUT] += 1
            continue
        name = next(number)
        yield found | {"row": f"if-trace-{name:06d}"}
        if name + 1 == rows:
            return
    raise InputError("rows", f"{rows} wanted, too few traces hold constraints", "ask for fewer")


def _try(trace: Row, rng: random.Random, pools: Pools, preset: str) -> Row | None:
    """The trace under one draw of constraints, or None where its answer cannot be made to hold them."""
    names = rng.sample(sorted(MATHIF), rng.randint(1, 3))
    drawn = [(name, TYPES[name].sample(rng, pools, trace["question"])) for name in names]
    if any(conflict(*a, *b) for a, b in combinations(drawn, 2)):
        return None
    answer = split_reasoning(trace["response"]).answer
    rewritten = witness(answer, names, [args for _, args in drawn], rng, preset=preset)
    if rewritten is None or boxed(rewritten) != boxed(answer):
        return None
    before, _, after = trace["response"].rpartition(answer)
    return trace | {
        "constraint_name": names,
        "constraint_args": [args for _, args in drawn],
        "constraint_desc": [describe(*pair) for pair in drawn],
        "witness": rewritten,
        "response": before + rewritten + after,
    }
