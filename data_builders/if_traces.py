"""Long traces with constraints that their answers hold: SFT rows for the instruction-following arms.

The thought stays as the model wrote it. The answer after it is rewritten, as little as the constraints need, until
every one of 1-3 holds; the boxed answer stays what it was. So the rows differ from `long_traces` in the constraints
asked and in the form of the answer alone.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from ..eval.io.errors import InputError
from ..eval.verify import MATHIF, Pools, split_reasoning
from ..eval.verify.answers import boxed
from ..eval.verify.rows import Row
from .composites import clash, fresh, halves, rewritten
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
        rng = random.Random(f"{seed}/if/{trace.problem_id}")
        row = next(filter(None, (_try(trace, rng, pools, preset) for _ in range(DRAWS))), None)
        if row is None:
            tally.dropped[LEFT_OUT] += 1
            continue
        index = next(number)
        yield replace(row, name=f"if-trace-{index:06d}")
        if index + 1 == rows:
            return
    raise InputError("rows", f"{rows} wanted, too few traces hold constraints", "ask for fewer")


def _try(trace: Row, rng: random.Random, pools: Pools, preset: str) -> Row | None:
    """The trace under one draw of constraints, or None where its answer cannot be made to hold them."""
    drawn = [
        fresh(name, rng, pools, trace.question) for name in rng.sample(sorted(MATHIF), rng.randint(1, 3))
    ]
    if clash(drawn):
        return None
    response = trace.extra["response"]
    answer = split_reasoning(response).answer
    held = rewritten(answer, drawn, rng, preset)
    if held is None or boxed(held) != boxed(answer) or answer not in response:
        return None
    before, _, after = response.rpartition(answer)
    return replace(trace, constraints=drawn).adding(witness=held, response=before + held + after)
