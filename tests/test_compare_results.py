"""The script that holds two results.json against each other sees what differs, and passes what it lists."""

import json

from compare_results import main

OLD = {
    "schema": 2,
    "notes": ["a"],
    "arms": [{"arm": "base", "steps": 0}],
    "bins": [{"arm": "sft", "from": 3, "to": 9, "value": 0.5}],
}
NEW = {
    "schema": 3,
    "notes": ["a"],
    "arms": [{"arm": "base", "steps": 0, "role": "base"}],
    "bins": [{"arm": "sft", "from_tokens": 3, "to_tokens": 9, "value": 0.5}],
}


def compared(folder, new):
    for name, content in (("old", OLD), ("new", new)):
        (folder / name).write_text(json.dumps(content))
    return main(str(folder / "old"), str(folder / "new"))


def test_what_was_renamed_and_added_on_purpose_is_no_difference(tmp_path):
    assert compared(tmp_path, NEW) == 0


def test_every_other_difference_is_printed_and_makes_the_status_one(tmp_path, capsys):
    moved = NEW | {"bins": [NEW["bins"][0] | {"value": 0.6}], "notes": [], "extra": []}
    assert compared(tmp_path, moved) == 1
    said = capsys.readouterr().out
    assert "bins[0]: {'arm': 'sft'}: value 0.5 is now 0.6" in said
    assert "notes: 1 entries, now 0" in said
    assert "extra: only in the new file" in said
