"""One run at a time in a folder, and no child that outlives it.

A watchdog, forked before the first child, leads the process group that every child joins. It holds the folder's
lock and waits for the end of a pipe that only the run holds: when the run is gone, whatever killed it, the watchdog
ends the group, and only then is the lock free for the next run.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from ...eval.io.errors import InputError
from ...eval.io.run_paths import LOCK

GRACE = (
    1.0  # seconds between asking a group to end and killing it: torchrun passes the word on to its workers
)
PATIENCE = 10.0  # seconds for the children of a killed run to be gone


@contextmanager
def process_group(folder: Path, part: str = "") -> Iterator[int]:
    """Hold the lock of a run folder and yield the process group for its children, all ended on the way out.

    A `part` of the run shares the folder with other parts, but not with itself. Raises InputError when another run is
    at work in the folder.
    """
    _take_place(folder)
    with ExitStack() as held:
        _take(held.enter_context(open(folder / LOCK, "a+")), folder, fcntl.LOCK_SH if part else fcntl.LOCK_EX)
        if part:
            _take(held.enter_context(open(folder / f"lock.{part}", "a+")), folder, fcntl.LOCK_EX)
        ours, theirs = os.pipe()
        watchdog = os.fork()
        if not watchdog:
            os.close(theirs)
            _watch(ours)
        os.close(ours)
        try:
            os.setpgid(watchdog, watchdog)
            yield watchdog
            os.write(theirs, b".")
        finally:
            os.close(theirs)
            os.waitpid(watchdog, 0)


def start(command: Sequence[str], env: Mapping[str, str], log: Path, group: int) -> subprocess.Popen[bytes]:
    """Start a child in the group, with these variables beside ours, its output in `log`, locked while it is alive."""
    with open(log, "w+b") as out:  # NFS gives a shared lock only on what may be read
        fcntl.flock(out, fcntl.LOCK_SH)  # the child's too, which shares the open file
        return subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=group,
        )


def is_locked(file: Path) -> bool:
    """Whether a process holds a lock on a file: on a task's log while its child is alive, on a folder's while a run is."""
    if not file.is_file():
        return False
    mode = (
        "r+b" if os.access(file, os.W_OK) else "rb"
    )  # NFS: a lock for one alone only on what may be written
    with open(file, mode) as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def devices(taken: Sequence[int], slots: int, *, one: bool = False) -> dict[str, str]:
    """The variable that gives a child the GPUs of the slots it has taken, where there are any to share; `one`: a single
    GPU, however many there are, for a trainer alone spreads its model over all that it sees."""
    gpus = _gpus()
    share = len(gpus) // slots
    if one and gpus:
        return {"CUDA_VISIBLE_DEVICES": gpus[taken[0] * max(share, 1) % len(gpus)]}
    if len(taken) == slots or not share:
        return {}
    visible = [gpu for slot in taken for gpu in gpus[slot * share : (slot + 1) * share]]
    return {"CUDA_VISIBLE_DEVICES": ",".join(visible)}


def _gpus() -> list[str]:
    """Those that this process may use, by the names that CUDA_VISIBLE_DEVICES has for them."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is not None:  # an empty list hides them all
        return [gpu for gpu in listed.split(",") if gpu]
    return [str(index) for index, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]


def _take_place(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        open(folder / LOCK, "a+").close()
    except OSError as error:
        said = f"no folder to write in ({error.strerror})"
        raise InputError(folder, said, "give an --out that you can write in") from None


def _take(lock: IO[str], folder: Path, kind: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise InputError(
                    folder, "another run is at work here", "wait for it, or give --out"
                ) from None
            time.sleep(0.1)


def _watch(pipe: int) -> None:
    """The watchdog's life: a byte means that all went well, the pipe's end that the run is gone.

    It says nothing, so it holds on to none of the run's own output either."""
    os.setpgid(0, 0)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    if not os.read(pipe, 1):
        os.killpg(0, signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)
    os._exit(0)
