"""Tables of a report: their rows as text, on the terminal, in CSV and in LaTeX."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from ..analyse.formats import rate
from ..analyse.results import Rows
from ..io.files import writing
from ..score.floors import best
from ..score.measure import Entry


def take_columns(table: Rows, names: Sequence[str]) -> Rows:
    """The columns of these names, in this order."""
    columns = [table[0].index(name) for name in names]
    return [[row[column] for column in columns] for row in table]


def as_text(table: Rows) -> str:
    """Aligned columns, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )


def write_csv(path: Path, entries: Sequence[Entry]) -> None:
    """Entries of results.json, one a line, `group` as two columns."""
    flat = [
        {key: value for key, value in entry.items() if key != "group"}
        | ({"by": entry["group"]["by"], "of": entry["group"]["value"]} if entry.get("group") else {})
        for entry in entries
    ]
    fields = list(dict.fromkeys(key for entry in flat for key in entry))
    with writing(path) as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)


def as_latex(table: Rows) -> str:
    """A `tabular` with booktabs rules."""
    header, *body = [" & ".join(map(_escaped, row)) + r" \\" for row in table]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{l{'r' * (len(table[0]) - 1)}}}",
            r"\toprule",
            header,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


LATEX = str.maketrans(
    {symbol: "\\" + symbol for symbol in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": "$<$", ">": "$>$", "–": "--", "−": "$-$", "→": r"$\to$", "†": r"$\dagger$", "×": r"$\times$"}
)


def _escaped(text: str) -> str:
    """Text as LaTeX sets it; a cell that starts with `[` would otherwise be read as the argument of `\\\\`."""
    return ("{}" if text.startswith(("[", "*")) else "") + text.translate(LATEX)


def score_table(scores_file: str | Path) -> str:
    """What `reins score` prints: the figures of a set beside its floor, and a line per constraint type."""
    metrics = json.loads(Path(scores_file).with_name("metrics.json").read_text("utf-8"))
    whole: Rows = [["metric", "value [95 % interval]", "samples", "problems", "best constant reply"]]
    types: Rows = [["constraint type", "verdicts that hold", "verdicts", "problems"]]
    for figure in metrics["figures"]:
        counts = [str(figure["n"]), str(figure["clusters"])]
        floor = best(metrics["floors"], figure["metric"])
        if figure["group"] is None:
            reached = f"{floor['value']:.4f} ({floor['reply']})" if floor else ""
            whole.append([figure["metric"], rate(figure, 4), *counts, reached])
        elif figure["group"]["by"] == "type":
            types.append([figure["group"]["value"], rate(figure), *counts])
    title = f"preset {metrics['preset']}: {metrics['rows']} rows, {metrics['samples']} samples"
    shares = [
        f"{kind}: " + ", ".join(f"{label} {share:.1%}" for label, share in sorted(metrics[kind].items()))
        for kind in ("states", "formats", "outcomes")
        if metrics[kind]
    ]
    return "\n\n".join([title, as_text(whole), "\n".join(shares), as_text(types)])
