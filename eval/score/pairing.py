"""Which row a record of outputs answers, by what it says of it: the row's name or id, or the prompt it was asked.

None is ever taken for the row at its place because the numbers agree, unless it says nothing of its row. Where it
does, every name and prompt in it must be of one row; but where the prompt is of none, as by a template of one's own,
a `row` that names one decides, and so do ids where all of them name rows. What several rows share (published ids are
not unique, and one prompt may be asked twice) tells them apart only by what else a record hints at, or where all
records stand in the order of the rows. A prompt that is no row's may still hold one's whole, or be one in other words.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..io.errors import InputError
from ..io.fields import NAME, TEXT, may, need, shown
from ..verify.prompt import render
from ..verify.rows import Row
from .framed import take_framed
from .outputs.record import NAMES, TEXTS, Record, listed
from .rewording import is_reworded

Places = dict[str, set[int]]  # of rows, by a name or a text

FIX = "give both of one set, with prompts as asked, or name each line's `row`"
HELD = 0.9  # where so many of the lines hold their prompts, one at its place may be a new wording of it


def rows_answered(file: str | Path, records: Sequence[Record], rows: Sequence[Row]) -> list[Row]:
    """The row that each record answers, in the order of the records.

    Raises InputError where records say nothing of their rows and are not as many, and where what they say is of no
    row, of several, or of different ones.
    """
    if not any(record.row.fields for record in records):
        if len(records) != len(rows):
            raise InputError(file, f"{len(records)} outputs for {len(rows)} rows", "line i answers row i")
        return list(rows)
    named, asked = _places(rows, _names), _places(rows, _prompts)
    by_name = {row.name: place for place, row in enumerate(rows)}
    candidates = [_of_record(record, named, asked, by_name) for record in records]
    _take_named(records, by_name, candidates)
    for number, places in take_framed(records, rows, asked, candidates).items():
        candidates[number] = _hinted(places, records[number], named, asked)
    _reword(file, records, rows, candidates)
    if len(records) == len(rows) and all(place in places for place, places in enumerate(candidates)):
        return list(rows)
    _refuse_unknown(file, records, candidates, rows)
    return [
        rows[_only(places, rows, record.where)] for places, record in zip(candidates, records, strict=True)
    ]


def _places(rows: Sequence[Row], texts: Callable[[Row], Iterable[str]]) -> Places:
    places: Places = {}
    for place, row in enumerate(rows):
        for text in texts(row):
            places.setdefault(text.strip(), set()).add(place)
    return places


def _names(row: Row) -> Iterable[str]:
    return row.name, row.id


def _prompts(row: Row) -> Iterable[str]:
    """All that a row may have been asked: its question, or a whole prompt of any preset."""
    told = [render(row, preset=preset) for preset in ("reins", "mathif")]
    plain = [render(row, preset=preset, with_constraints=False) for preset in ("reins", "mathif")]
    prompt = row.extra.get("prompt")
    return {row.question, *told, *plain, *([prompt] if isinstance(prompt, str) else [])}


def _of_record(record: Record, named: Places, asked: Places, by_name: Mapping[str, int]) -> set[int]:
    """The places of the rows that a record may answer; none where its prompt is of no row, and it names none."""
    return _hinted(_of_fields(record, named, asked, by_name), record, named, asked)


def _hinted(places: set[int], record: Record, named: Places, asked: Places) -> set[int]:
    """Those among the places that a record hints at; all of them where it hints at none."""
    for hint in record.row.hints:
        places = places & (named.get(hint, set()) | asked.get(hint.strip(), set())) or places
    return places


def _of_fields(record: Record, named: Places, asked: Places, by_name: Mapping[str, int]) -> set[int]:
    line, where = record.row.fields, record.where
    told = {key: asked.get(need(line, key, TEXT, where).strip(), set()) for key in TEXTS if key in line}
    for key in NAMES:
        name = may(line, key, NAME, where)
        places = named.get(str(name), set()) if name is not None else set()
        # An id may be the response's own, where a prompt says whose it is.
        if places or (name is not None and (key == "row" or not told)):
            told[key] = places
    if not told:
        raise InputError(where, "says neither row nor prompt, as other lines do", FIX)
    known = [places for places in told.values() if places]
    both = set.intersection(*known) if known else set()
    if known and not both:
        raise InputError(where, f"{' and '.join(told)} are of different rows", FIX)
    return both if len(known) == len(told) or str(line.get("row")) in by_name else set()


def _take_named(records: Sequence[Record], by_name: Mapping[str, int], found: list[set[int]]) -> None:
    """Take the rows that all records hint at by name, as Inspect's ids may, where prompts are of no row."""
    hinted = [{by_name[hint] for hint in record.row.hints if hint in by_name} for record in records]
    if all(hinted):
        found[:] = [places or named for places, named in zip(found, hinted, strict=True)]


def _reword(file: str | Path, records: Sequence[Record], rows: Sequence[Row], found: list[set[int]]) -> None:
    """Take prompts that differ by a few words for those of the rows at their places, and say so on stderr."""
    held = sum(map(bool, found))
    if len(records) != len(rows) or held < HELD * len(records):
        return
    claimed = set().union(*found)
    reworded = []
    for place, record in enumerate(records):
        prompt = record.row.fields.get("prompt", "")
        if not found[place] and place not in claimed and is_reworded(prompt, rows[place].question):
            found[place] = {place}
            reworded.append(_place_in(file, record))
    if reworded:
        said = f"{file}: {len(reworded)} of {len(records)} prompts taken as rewordings of their rows'"
        print(f"{said} ({listed(reworded)})", file=sys.stderr, flush=True)


def _place_in(file: str | Path, record: Record) -> str:
    return record.where.removeprefix(f"{file}:").strip()


def _refuse_unknown(
    file: str | Path, records: Sequence[Record], found: Sequence[set[int]], rows: Sequence[Row]
) -> None:
    """Name the records whose row is not in the data: how many, and which where it is not all of them."""
    unknown = [record for record, places in zip(records, found, strict=True) if not places]
    if not unknown:
        return
    fields = unknown[0].row.fields
    known_prompts = {row.question for row in rows}
    said = [key for key in (*TEXTS, *NAMES) if fields.get(key) is not None]
    key = next((key for key in said if fields[key] not in known_prompts), said[0])
    places = [_place_in(file, record) for record in unknown]
    which = f": {listed(places)}" if len(unknown) < len(records) else ""
    raise InputError(
        unknown[0].where,
        f"{key} {shown(fields[key])} is not in the data ({len(unknown)} of {len(records)} lines{which})",
        FIX,
    )


def _only(places: set[int], rows: Sequence[Row], where: str) -> int:
    if len(places) > 1:
        first, second, *_ = (rows[place].name for place in sorted(places))
        raise InputError(
            where,
            f"its prompt or id stands {len(places)} times in the data (rows {first!r} and {second!r})",
            "name each line's `row`, or give one line a row in the rows' order",
        )
    (place,) = places
    return place
