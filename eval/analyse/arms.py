"""The arms of a run, and what training each took. They are listed once, not set by set."""

from .analysis import Analysis, Table
from .metrics import label
from .results import ReportData, Rows, find, pooled, select
from .run_folder import Arm

LENGTHS = ("reasoning_tokens", "answer_tokens")


def spent(data: ReportData) -> Rows:
    """One line an arm: what its training took, how often it reasons, and how long it is."""
    whole = pooled(data.whole("figures"))
    table = [["arm", "steps", "supervised tokens", "rows cut", "reasons", *map(label, LENGTHS)]]
    for arm in dict.fromkeys(figure["arm"] for figure in whole):
        values = {figure["metric"]: figure["value"] for figure in select(whole, arm=arm)}
        training = find(data.lists["arms"], arm=arm)
        table.append(
            [
                arm,
                f"{training['steps']:,}",
                f"{training['supervised_tokens']:,}",
                f"{training['cut_rows'] / training['rows']:.0%}" if training["rows"] else "–",
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
