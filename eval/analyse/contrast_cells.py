"""A contrast as tables show it: what is claimed of it, how it was tested, and which prompts turned."""

from collections.abc import Sequence

from ..score.measure import Entry
from .formats import probability, starred

OWN_MARGIN = "at its margin"
TURNS = ("repaired / broken / churn",)


def claims_head(contrasts: Sequence[Entry]) -> list[str]:
    """The head of the column of claims; none where no recipe states a margin, and no margin where runs state several."""
    margins = list(dict.fromkeys(entry["margin"] for entry in contrasts if entry["margin"]))
    return [OWN_MARGIN] if len(margins) > 1 else [f"at ±{margin:g}" for margin in margins]


def claimed(contrast: Entry | None, head: Sequence[str]) -> list[str]:
    """What is claimed by the margin, under `head`: with the margin where that does not say it, a dash where nothing is."""
    claim = (contrast and contrast["claim"]) or "–"
    if contrast and contrast["claim"] and OWN_MARGIN in head:
        claim += f" (±{contrast['margin']:g})"
    return [claim for _ in head]


def turns_of(contrast: Entry | None) -> list[str]:
    """Prompts repaired and broken, and their share of all, under the head `TURNS`."""
    if contrast is None or contrast["churn"] is None:
        return ["–"] * len(TURNS)
    return [f"{contrast['repaired']} / {contrast['broken']} / {contrast['churn']:.0%}"]


def tested(contrast: Entry | None) -> list[str]:
    """A difference, its p, the p adjusted within its family, and what this many problems would detect."""
    if contrast is None or contrast["low"] is None:
        return [starred(contrast), "–", "–", "–"]
    p, p_holm = probability(contrast["p"]), probability(contrast["p_holm"])
    return [starred(contrast), p, p_holm, f"{contrast['mdd']:.2f}"]
