"""Long traces with constraints that their answers hold: SFT rows for the instruction-following arms.

The thought stays as the model wrote it. The answer after it is rewritten, as little as the constraints need, until
every one of 1-3 holds; the boxed answer stays what it was. So the rows differ from `long_traces` in the constraints
asked and in the form of the answer alone.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..eval.verify import MATHIF, Pools, split_reasoning
from ..eval.verify.answers import boxed
from ..eval.verify.rows import Row
from .composites import clash, fresh, halves, rewritten
from .draw import Built, Tally
from .long_traces import first_named, fitting, usable_traces

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
    tally = Tally(against=against or [])
    traces = usable_traces(source, seed, fitting(tokenizer, max_reasoning_tokens), tally)
    held = _constrained(traces, seed, preset, tally)
    return Built(first_named(held, rows, "if-trace", source, tally), tally)


def _constrained(traces: Iterable[Row], seed: int, preset: str, tally: Tally) -> Iterator[Row]:
    """Every trace under constraints that are drawn for its problem; the tally counts those that hold none."""
    pools = halves(Pools())["train"]
    for trace in traces:
        rng = random.Random(f"{seed}/if/{trace.problem_id}")
        row = next(filter(None, (_try(trace, rng, pools, preset) for _ in range(DRAWS))), None)
        if row is None:
            tally.dropped[LEFT_OUT] += 1
        else:
            yield row


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
