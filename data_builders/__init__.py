"""What goes in: rows. A builder is a function of `rows`, `seed` and its own arguments that yields them."""

from collections.abc import Callable, Iterator

from ..eval.verify.rows import Row
from . import micro
from .benchmarks import benchmark
from .complexbench import complexbench
from .composites import composites, judged
from .draw import problems
from .if_traces import if_traces
from .instructions import instructions
from .long_traces import long_traces
from .own_answers import own_answers
from .varied_rewards import undecided
from .worth_thinking import worth_thinking

BUILDERS: dict[str, Callable[..., Iterator[Row]]] = {
    "micro.problems": micro.problems,
    "micro.traces": micro.traces,
    "micro.composites": micro.composites,
    "micro.writing": micro.writing,
    "micro.corpus": micro.corpus,
    "micro.examples": micro.examples,
    "benchmark": benchmark,
    "problems": problems,
    "composites": composites,
    "judged": judged,
    "instructions": instructions,
    "long_traces": long_traces,
    "complexbench": complexbench,
    "if_traces": if_traces,
    "own_answers": own_answers,
    "undecided": undecided,
    "worth_thinking": worth_thinking,
}
