"""The micro world: arithmetic stories and small writing tasks, generated from a seed.

A world small enough for a one-million-parameter base to learn in minutes, with the three things the question
needs: problems that reasoning solves and direct answers often miss, constraints on form, and writing without
mathematics. Not a benchmark: its figures say how the instrument behaves, nothing about large models.
"""

from .examples import examples
from .rows import composites, corpus, problems, traces, writing

__all__ = ["composites", "corpus", "examples", "problems", "traces", "writing"]
