"""Results of a run as a reader of the file gets them, and what picks entries of them."""

import json

from reins.eval.analyse.analyse import analyse
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.files import rounded

TWO = {"base": [], "sft": ["sft"]}


def results_of(*folders):
    """As a reader of the file gets them: any NaN in it is an error."""
    results = rounded(analyse([RunFolder(folder) for folder in folders]))
    return json.loads(json.dumps(results, allow_nan=False))


def pick(entries, **wanted):
    return [entry for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def one(entries, **wanted):
    (found,) = pick(entries, **wanted)
    return found
