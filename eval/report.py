"""The report of one or several runs: `index.html`, `results.json`, figures and tables.

Everything in it comes from `results.json`, but for the generations, which are read from the run's responses.
"""

import base64
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import jinja2

from . import summary
from .analyse import analyse
from .plots import draw
from .results import Entry, rounded, write_json
from .study import Study
from .summary import Place
from .tables import as_latex, as_text, columns, write_csv
from .verify import describe, split_reasoning
from .verify.rows import Row, iter_jsonl, read_jsonl

SHOWN = {"a constraint broken": 2, "all constraints kept": 1, "no answer": 1}  # generations per arm


def report(run_dirs: Sequence[str | Path], out_dir: str | Path) -> str:
    """Write the report into `out_dir`; return the table that the terminal shows.

    Raises InputError on a folder that is no run, has no scores, or whose scores do not fit their rows.
    """
    out = Path(out_dir)
    studies = [Study(folder) for folder in run_dirs]
    results = rounded(analyse(studies))
    write_json(out / "results.json", results)
    pictures = draw(results, out / "figures")
    places = summary.places(results)
    sections = [_section(results, place, pictures, _bins_wanted(studies, place)) for place in places]
    _write_tables(results, sections, out / "tables")
    page = _template().render(
        results=results,
        answer=summary.answer(results),
        sections=sections,
        floors=summary.floors_table(results),
        unscored=[arm for study in studies for arm in study.unscored],
        seeds=max(len(study.recipe["seeds"]) for study in studies),
        generations=[one for study in studies for one in _generations(study, places[0], len(studies) > 1)],
    )
    (out / "index.html").write_text(page, encoding="utf-8")
    return _terminal(results, sections[0])


def _terminal(results: Entry, section: dict[str, Any]) -> str:
    place = section["place"]
    heading = f"{results['recipe']}: {place['set']} ({place['mode']}), preset {results['preset']}"
    arms = columns(section["arms"], ["arm", "HAcc", "blind HAcc", "SAcc", "correct", "cut"])
    contrasts = columns(section["contrasts"], ["arm", "against", "HAcc", "detectable", "correct, plain"])
    return "\n\n".join([heading, as_text(arms), as_text(contrasts), summary.answer(results)])


def _bins_wanted(studies: Sequence[Study], place: Place) -> int:
    return next(study.evaluate[place["set"]]["bins"] for study in studies if place["set"] in study.evaluate)


def _section(results: Entry, place: Place, pictures: Sequence[Path], bins: int) -> dict[str, Any]:
    """The pictures (by kind, as data) and tables of one set and mode."""
    own = {
        path.name.split(".")[0]: path
        for path in pictures
        if path.name.endswith(f".{place['set']}.{place['mode']}.png")
    }
    return {
        "place": place,
        "size": summary.size(results, place),
        "pictures": {kind: base64.b64encode(path.read_bytes()).decode() for kind, path in own.items()},
        "arms": summary.arms_table(results, place),
        "contrasts": summary.contrasts_table(results, place),
        "types": summary.groups_table(results, place, "type", "verdict"),
        "blind_types": summary.groups_table(results, place, "type", "blind_verdict"),
        "numbers": summary.groups_table(results, place, "n_constraints", "hacc"),
        "sources": summary.groups_table(results, place, "source", "hacc"),
        "bins": summary.bins_table(results, place),
        "wanted": bins,
        "merged": list(summary.merged_bins(results, place, bins)),
    }


def _write_tables(results: Entry, sections: Sequence[dict[str, Any]], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for kind in ("arms", "figures", "contrasts", "bins", "floors"):
        write_csv(out / f"{kind}.csv", results[kind])
    for section in sections:
        for kind in ("arms", "contrasts", "types", "bins"):
            name = f"{kind}.{section['place']['set']}.{section['place']['mode']}.tex"
            (out / name).write_text(as_latex(section[kind]), encoding="utf-8")


def _generations(study: Study, place: Place, named: bool) -> Iterator[dict[str, Any]]:
    """Per arm the first samples that break a constraint, keep all, or have no answer to judge."""
    rows = study.row_sets[place["set"]].rows if place["set"] in study.row_sets else []
    by_name = {row["row"]: row for row in rows}
    for arm in study.arms:
        folder = study.directory(arm.checkpoint, place["set"], place["mode"])
        if rows and folder.exists():
            chosen = {
                (one["row"], one["sample"]): one
                for one in _first_of_each(read_jsonl(folder / "scores.jsonl"))
            }
            for _, response in iter_jsonl(folder / "responses.jsonl"):
                score = chosen.get((response["row"], response["sample"]))
                if score:
                    shown = _generation(by_name[response["row"]], score, response["text"], study.preset)
                    yield {"arm": f"{study.name}/{arm.name}" if named else arm.name, "seed": arm.seed} | shown


def _first_of_each(scores: Sequence[Row]) -> Iterator[Row]:
    for kind, count in SHOWN.items():
        yield from islice((score for score in scores if _kind(score) == kind), count)


def _kind(score: Row) -> str:
    if score["cut"] or score["state"] == "unclosed":
        return "no answer"
    return "all constraints kept" if score["hacc"] else "a constraint broken"


def _generation(row: Row, score: Row, text: str, preset: str) -> dict[str, Any]:
    split = split_reasoning(text, preset=preset, prefilled=score["state"] == "unclosed")
    wording = map(describe, row["constraint_name"], row["constraint_args"])
    return {
        "kind": _kind(score),
        "question": row["question"],
        "constraints": list(zip(wording, score["verdicts"], strict=True)),
        "reasoning": split.reasoning,
        "answer": split.answer,
        "score": score,
    }


def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    loader = jinja2.FileSystemLoader(folder)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html.jinja")
