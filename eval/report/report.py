"""The report of one or several runs: `index.html`, `results.json`, figures and tables.

Everything in it comes from `results.json`, but for the generations, which are read from the run's responses.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from ..analyse.analyse import analyse
from ..analyse.published import published
from ..analyse.run_folder import Study
from ..io.files import rounded, write_json
from ..score.measure import Entry
from . import arm_tables, length_tables, summary
from .captions import CAPTIONS
from .generations import generations
from .plots import draw
from .summary import Place
from .tables import Table, as_latex, as_text, columns, write_csv

LISTS = ("arms", "figures", "contrasts", "flips", "joint", "bins", "length", "attribution", "along", "floors")
GROUPS = (
    ("type", "verdict", "Constraint types: share of verdicts that hold; n counts verdicts"),
    ("type", "blind_verdict", "Constraint types, blind: the answers were asked without the constraints"),
    ("category", "verdict", "Categories of constraints: share of verdicts that hold"),
    ("scope", "verdict", "Local and global constraints: share of verdicts that hold"),
    ("n_constraints", "hacc", "HAcc by number of constraints"),
    ("source", "hacc", "HAcc by source"),
    ("source", "correct", "Correct answers by source"),
)
CONTENTS = {
    "arms": "arms",
    "length": "length",
    "ways": "four ways",
    "types": "types",
    "flips": "flips",
    "joint": "joint outcomes",
    "along": "along training",
    "attribution": "attribution",
    "modes": "modes",
    "published": "published rows",
    "tables": "tables",
    "generations": "generations",
}


def report(run_dirs: Sequence[str | Path], out_dir: str | Path, *, beside: str | None = None) -> str:
    """Write the report into `out_dir`; return the table that the terminal shows.

    `beside` names a paper whose published figures are laid beside ours. Raises InputError on a folder that is no run,
    has no scores, or whose scores do not fit their rows, and on `beside` with another preset than the paper's.
    """
    out = Path(out_dir)
    studies = [Study(folder) for folder in run_dirs]
    theirs = _published(studies, beside) if beside else None
    results = rounded(analyse(studies) | ({"published": theirs} if theirs else {}))
    write_json(out / "results.json", results)
    pictures = draw(results, out / "figures")
    places = summary.all_places(results)
    sections = [_section(results, place, pictures) for place in summary.places(results)]
    _write_tables(results, sections, out / "tables")
    missing = {"published": theirs is None, "modes": len(sections[0]["modes"]) == 1}
    page = _template().render(
        results=results,
        answers=summary.answers(results),
        sections=sections,
        contents=[(id_, name) for id_, name in CONTENTS.items() if not missing.get(id_)],
        published=theirs and arm_tables.published_table(results, summary.places(results)[0]),
        floors=arm_tables.floors_table(results),
        seeds=max(len(study.recipe["seeds"]) for study in studies),
        generations=generations(studies, places),
    )
    (out / "index.html").write_text(page, encoding="utf-8")
    return _terminal(results, sections[0])


def _published(studies: Sequence[Study], which: str) -> Entry:
    preset = " + ".join(dict.fromkeys(study.preset for study in studies))
    models = [str(study.recipe["base"]) for study in studies]
    models += [str(one) for study in studies for one in study.recipe.get("models", {}).values()]
    return published(which, preset=preset, models=models)


def _terminal(results: Entry, section: dict[str, Any]) -> str:
    place = section["place"]
    heading = f"{results['recipe']}: {place['set']} ({place['mode']}), preset {results['preset']}"
    arms = columns(section["arms"], ["arm", "HAcc", "blind HAcc", "SAcc", "correct", "cut"])
    contrasts = columns(section["contrasts"], ["arm", "against", "HAcc", "detectable", "correct, plain"])
    return "\n\n".join([heading, as_text(arms), as_text(contrasts), summary.answers(results)[0]])


def _section(results: Entry, place: Place, pictures: Sequence[Path]) -> dict[str, Any]:
    """The pictures and tables of one set in its first mode."""
    contrasts = arm_tables.contrasts_table(results, place)
    groups = (
        (by, metric, title, arm_tables.groups_table(results, place, by, metric))
        for by, metric, title in GROUPS
    )
    modes = [one for one in summary.all_places(results) if one["set"] == place["set"]]
    return {
        "place": place,
        "modes": [one["mode"] for one in modes],
        "in_modes": [(one["mode"], arm_tables.contrasts_table(results, one)) for one in modes[1:]],
        "size": summary.size(results, place),
        "pictures": {kind: _picture(kind, place, pictures) for kind in CAPTIONS},
        "leading": [row[1:-1] for row in contrasts if row[0] in ("question", *summary.FIRST)],
        "contrasts": contrasts,
        "arms": arm_tables.arms_table(results, place),
        "spent": arm_tables.spent_table(results, place),
        "ifeval": arm_tables.ifeval_table(results, place),
        "flips": arm_tables.flips_table(results, place),
        "joint": arm_tables.joint_table(results, place),
        "mode_changes": arm_tables.modes_table(results, place),
        "groups": [group for group in groups if len(group[-1]) > 1],
        "bins": length_tables.bins_table(results, place),
        "lengths": {m: length_tables.lengths_table(results, place, m) for m in length_tables.METRICS},
        "disagreements": list(summary.disagreements(results, place)),
        "attribution": length_tables.attribution_table(results, place),
        "along": length_tables.along_table(results, place),
    }


def _picture(kind: str, place: Place, pictures: Sequence[Path]) -> dict[str, str]:
    """Title, caption and PNG as data; without data where there was nothing to draw."""
    name = f"{kind}.{place['set']}.{place['mode']}.png"
    drawn = {path.name: path for path in pictures}
    data = base64.b64encode(drawn[name].read_bytes()).decode() if name in drawn else ""
    return CAPTIONS[kind]._asdict() | {"data": data}


def _write_tables(results: Entry, sections: Sequence[dict[str, Any]], out: Path) -> None:
    """The lists of results.json as CSV, and the tables of the page as LaTeX."""
    out.mkdir(parents=True, exist_ok=True)
    for kind in LISTS:
        write_csv(out / f"{kind}.csv", results[kind])
    if "published" in results:
        theirs = arm_tables.published_table(results, sections[0]["place"])
        (out / "published.tex").write_text(as_latex(theirs), encoding="utf-8")
    for section in sections:
        end = f"{section['place']['set']}.{section['place']['mode']}.tex"
        for name, table in _as_tables(section).items():
            (out / f"{name}.{end}").write_text(as_latex(table), encoding="utf-8")


def _as_tables(section: dict[str, Any]) -> dict[str, Table]:
    plain = (*"arms spent contrasts bins flips joint attribution along ifeval mode_changes".split(),)
    found = {name: section[name] for name in plain} | {
        f"length_{metric}": table for metric, table in section["lengths"].items()
    }
    found |= {f"{metric}_by_{by}": table for by, metric, _, table in section["groups"]}
    return {name: table for name, table in found.items() if len(table) > 1}


def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    loader = jinja2.FileSystemLoader(folder)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html.jinja")
