"""The arms of a run, and what training each took. They are listed once, not set by set."""

from .analysis import Analysis, Table
from .formats import ranged
from .metrics import label
from .results import ReportData, Rows, pooled, select
from .run_folder import Arm

LENGTHS = ("reasoning_tokens", "answer_tokens")


def spent(data: ReportData) -> Rows:
    """One line an arm: what its training took, from seed to seed, how often it reasons, and how long it is."""
    whole = pooled(data.whole("figures"))
    table = [["arm", "steps", "supervised tokens", "rows cut", "reasons", *map(label, LENGTHS)]]
    for arm in dict.fromkeys(figure["arm"] for figure in whole):
        values = {figure["metric"]: figure["value"] for figure in select(whole, arm=arm)}
        trained = select(data.lists["arms"], arm=arm)
        cut = [seed["cut_rows"] / seed["rows"] for seed in trained if seed["rows"]]
        table.append(
            [
                arm,
                *(ranged((seed[key] for seed in trained), ",") for key in ("steps", "supervised_tokens")),
                ranged(cut, ".0%") if cut else "–",
                f"{values['reasoned']:.1%}",
                *(f"{values[metric]:.0f}" if metric in values else "–" for metric in LENGTHS),
            ]
        )
    return table


ANALYSIS = Analysis(
    name="arms",
    entry=Arm,
    appendix=[Table("spent", spent, "What training took, and how long the arms are")],
)
