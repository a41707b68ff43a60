"""Replies with the contexts that their answers were read in, and means of what was read, with intervals over problems."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..stats.intervals import Estimate, Floats, draw_clusters, percentile_interval, ratios
from .lines import Measured


@dataclass(frozen=True)
class Reply:
    """One reply: what was read of its answer, by what stands between prompt and answer (`readable.CONTEXTS`)."""

    row: str
    sample: int
    contexts: dict[str, Measured] = field(default_factory=dict)

    @property
    def sampled(self) -> Measured | None:
        """Its answer where it was given: behind its own thought, or behind the prompt."""
        return self.contexts.get("thought") or self.contexts.get("nothing")

    @property
    def thinks(self) -> bool:
        return "thought" in self.contexts


def as_replies(measured: Iterable[Measured]) -> list[Reply]:
    """The lines of one file, reply by reply; replies without an answer have nothing to be read and are left out."""
    replies: dict[tuple[str, int], Reply] = {}
    for line in measured:
        if line.values:
            reply = replies.setdefault((line.row, line.sample), Reply(line.row, line.sample))
            reply.contexts[line.after] = line
    return list(replies.values())


def means(values: Sequence[Floats], problems: Sequence[str]) -> list[Estimate]:
    """The mean of what is known (not NaN) in each column of values [n, k], with its 95 % bootstrap interval over the
    problems (n,). Of a column of which nothing is known, `n` is 0 and the value NaN."""
    columns = np.asarray(values, dtype=float).reshape(len(problems), -1)
    names = {name: number for number, name in enumerate(sorted(set(problems)))}
    which = np.array([names[problem] for problem in problems])
    known = ~np.isnan(columns)
    sums, counts = np.zeros((2, columns.shape[1], len(names)))
    np.add.at(sums.T, which, np.where(known, columns, 0.0))
    np.add.at(counts.T, which, known)
    centres = ratios(sums, counts, np.ones((len(names), 1)))[:, 0]
    sizes = zip(known.sum(0).tolist(), (counts > 0).sum(1).tolist(), strict=True)
    low, high = percentile_interval(ratios(sums, counts, _draws(len(names))))
    return [
        Estimate(
            float(centre),
            float(a) if clusters > 1 else None,
            float(b) if clusters > 1 else None,
            n,
            clusters,
        )
        for centre, a, b, (n, clusters) in zip(centres, low, high, sizes, strict=True)
    ]


_draws = lru_cache(maxsize=2)(draw_clusters)  # most figures are of the same problems
