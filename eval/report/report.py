"""The report of one or several runs: `index.html`, `results.json`, figures and tables.

Everything in it comes from `results.json`, but for the generations, which are read from the run's responses. What it
shows of each analysis is said in the analysis's own file.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from ..analyse.analyse import analyse
from ..analyse.analysis import Analysis, Figure, Sentences, Table
from ..analyse.contrast_cells import TURNS, claims_head
from ..analyse.contrasts import contrasts_table
from ..analyse.fields import as_json
from ..analyse.figures import arms_table
from ..analyse.floors import floors_table
from ..analyse.published import Published, published, published_table
from ..analyse.registry import ANALYSES, LISTS
from ..analyse.results import ReportData, Rows
from ..analyse.run_folder import RunFolder
from ..io.files import rounded, write_json, write_text
from ..score.measure import Entry
from . import summary
from .draw import draw, file_name
from .generations import LIMIT, generations
from .tables import as_latex, as_text, take_columns, write_csv

Shown = dict[str, Any]


@dataclass(frozen=True)
class Unfinished:
    """A run that is still at work: which evaluations to report on, see `RunFolder`, and in words what is missing."""

    done: frozenset[str]
    missing: str


def report(
    run_dirs: Sequence[str | Path],
    out_dir: str | Path,
    *,
    beside: str | None = None,
    limit: int = LIMIT,
    unfinished: Unfinished | None = None,
) -> str:
    """Write the report into `out_dir`; return the table that the terminal shows.

    The page shows generations of at most `limit` bytes; of an `unfinished` run it says at its top what is missing, and
    figures are pictures only.
    `beside` names a paper whose published figures are laid beside ours. Raises InputError on a folder that is no run,
    has no scores, or whose scores do not fit their rows, and on `beside` with another preset than the paper's.
    """
    out = Path(out_dir)
    runs = [RunFolder(folder, unfinished.done if unfinished else None) for folder in run_dirs]
    theirs = _published(runs, beside) if beside else None
    results = rounded(analyse(runs) | ({"published": as_json(theirs)} if theirs else {}))
    if unfinished:
        results["notes"].insert(0, f"the run is not finished: {unfinished.missing}")
    write_json(out / "results.json", results)
    sets = [ReportData.of(results, set_mode) for set_mode in summary.first_modes(results)]
    draw(sets, out / "figures", so_far=unfinished is not None)
    _write_tables(results, sets, out / "tables")
    page = _template().render(
        results=results,
        answers=summary.answers(sets),
        sections=[_section(data, out / "figures") for data in sets],
        published=theirs and published_table(sets[0], results["published"]["rows"]),
        floors=floors_table(results["floors"]),
        missing=unfinished and unfinished.missing,
        seeds=max(len(run.recipe["seeds"]) for run in runs),
        margins=dict.fromkeys(run.recipe["margin"] for run in runs if run.recipe.get("margin")),
        generations=generations(runs, summary.set_modes(results), limit=limit),
    )
    write_text(out / "index.html", page)
    return _terminal(results, sets)


def _published(runs: Sequence[RunFolder], which: str) -> Published:
    preset = " + ".join(dict.fromkeys(run.preset for run in runs))
    models = [str(run.recipe["base"]) for run in runs]
    models += [str(model) for run in runs for model in run.recipe.get("models", {}).values()]
    return published(which, preset=preset, models=models)


def _terminal(results: Entry, sets: Sequence[ReportData]) -> str:
    data = sets[0]
    heading = f"{results['recipe']}: {data.set} ({data.mode}), preset {results['preset']}"
    arms = take_columns(arms_table(data), ["arm", "HAcc", "blind HAcc", "SAcc", "correct", "cut"])
    table = contrasts_table(data)
    claims = claims_head(data.whole("contrasts"))
    contrasts = take_columns(
        table, ["arm", "against", "HAcc", "detectable", *claims, *TURNS, "correct, plain"]
    )
    return "\n\n".join([heading, as_text(arms), as_text(contrasts), *map(str, summary.answers(sets))])


def _section(data: ReportData, figures: Path) -> Shown:
    """What the page shows of one set: the parts of every analysis, and the tables at the end."""
    analyses = ({**_shown(analysis), "parts": list(_parts(analysis, data, figures))} for analysis in ANALYSES)
    tables = (_table(table, data) for analysis in ANALYSES for table in analysis.appendix)
    return {
        "set": data.set,
        "mode": data.mode,
        "modes": data.modes,
        "size": summary.size(data),
        "analyses": [shown for shown in analyses if shown["parts"]],
        "appendix": [table for table in tables if len(table["rows"]) > 1],
    }


def _shown(analysis: Analysis) -> Shown:
    anchor = analysis.contents.replace(" ", "-")
    return {"heading": analysis.heading, "contents": analysis.contents, "anchor": anchor}


def _parts(analysis: Analysis, data: ReportData, figures: Path) -> Iterator[Shown]:
    """Those that have something to show; a figure says why it has not, unless it is to be passed over."""
    for part in analysis.parts:
        if isinstance(part, Figure):
            file = figures / file_name(part.name, data)
            picture = base64.b64encode(file.read_bytes()).decode() if file.exists() else ""
            if picture or part.missing:
                named = {"title": part.title, "caption": part.caption, "missing": part.missing}
                yield {"kind": "figure", "data": picture, **named}
        elif isinstance(part, Table):
            if len((table := _table(part, data))["rows"]) > 1:
                yield table
        elif isinstance(part, Sentences) and (lines := list(part.lines(data))):
            yield {"kind": "sentences", "intro": part.intro, "lines": lines}


def _table(table: Table, data: ReportData) -> Shown:
    shown = {"title": table.title, "style": table.style, "note": table.note}
    return {"kind": "table", "name": table.name, "rows": table.rows(data), **shown}


def _write_tables(results: Entry, sets: Sequence[ReportData], out: Path) -> None:
    """The lists of results.json as CSV, and the tables of the page as LaTeX."""
    for name in LISTS:
        write_csv(out / f"{name}.csv", results[name])
    if "published" in results:
        theirs = published_table(sets[0], results["published"]["rows"])
        write_text(out / "published.tex", as_latex(theirs))
    for data in sets:
        for name, rows in _as_tables(data):
            write_text(out / f"{name}.{data.set}.{data.mode}.tex", as_latex(rows))


def _as_tables(data: ReportData) -> Iterator[tuple[str, Rows]]:
    for analysis in ANALYSES:
        for part in (*analysis.parts, *analysis.appendix):
            if isinstance(part, Table) and len(rows := part.rows(data)) > 1:
                yield part.name, rows


def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    loader = jinja2.FileSystemLoader(folder)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html.jinja")
