"""The report of a run that is still at work: `python -m reins.eval.report.so_far --config FILE`.

The file: `{run, done, missing}`: the run's folder, the evaluations to report on (a checkpoint's name, or of those on
the way to it `name@*`), and what is missing, in words. Beside the file `done.json` says how many seconds of a core it
took. It takes those that nobody else wants.
"""

import os
import resource
import sys
from pathlib import Path

from ..io.command import of_config, read_config
from ..io.fields import LIST, TEXT, need
from ..io.files import write_json
from ..io.run_paths import DONE, RunPaths
from .report import Unfinished, report

LAST_IN_LINE = 19  # the lowest priority


def write(file: Path) -> None:
    """Write the page, results.json, figures as pictures, and tables into the run's `report`."""
    os.nice(LAST_IN_LINE)
    config = read_config(file)
    run = Path(need(config, "run", TEXT, file))
    unfinished = Unfinished(frozenset(need(config, "done", LIST, file)), need(config, "missing", TEXT, file))
    report([run], RunPaths(run).report, unfinished=unfinished)
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    write_json(file.parent / DONE, {"seconds": sum(used.ru_utime + used.ru_stime for used in spent)})


if __name__ == "__main__":
    sys.exit(of_config(write, "reins.eval.report.so_far", __doc__))
