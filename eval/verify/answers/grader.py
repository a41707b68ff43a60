"""Grades answers in worker processes that can be killed; what is certain is told without them.

Outcomes: `right`, `wrong`; `missing`: no answer there; `unparsed`: an answer math-verify cannot read;
`timeout`: no verdict within the deadline. Only the first two are judgements: the other three are counted apart.
A worker that dies of anything but its deadline is started again and asked once more; an answer that ends two is
`unparsed`, and that is said on stderr.
"""

import atexit
import functools
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from queue import SimpleQueue
from typing import Literal, Self, cast

from .boxes import boxed_for

Outcome = Literal["right", "wrong", "missing", "unparsed", "timeout"]
Question = tuple[str, str, bool]  # gold, text, whether the text is the content of a box

SENTINELS: list[tuple[str, str, Outcome]] = [
    ("42", "42", "right"),
    ("42", "43", "wrong"),
    (r"\frac{1}{2}", "0.5", "right"),
    (r"\frac{1}{2}", r"\frac{2}{3}", "wrong"),
    (r"\sqrt{8}", r"2\sqrt{2}", "right"),
    ("(1, 2)", "(2, 1)", "wrong"),
    ("x^2 - 1", "(x - 1)(x + 1)", "right"),
    (r"\{1, 2\}", r"\{2, 1\}", "right"),
]

PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,2}(,[0-9]{3})+|[1-9][0-9]*)(\.[0-9]+)?")
DIGIT = re.compile("[0-9]")
WORKER = __name__.rpartition(".")[0] + ".worker"
SHORT = 16  # characters up to which a plain number is exact as a double
LAST_CLOCK = 150  # deadlines on the wall: for a worker whose own alarm, at a hundred, does not ring
ALARMS = (-signal.SIGPROF, -signal.SIGALRM)  # how a worker that is over its deadline ends
CACHED = 1000  # characters of the longest question that is remembered


class Grader:
    """Grades many answers; a context manager that starts its workers when the first answer needs one.

    May be called from any thread and in any process; `deadline` is processor seconds per answer.
    """

    def __init__(self, *, workers: int = 2, deadline: float = 3.0) -> None:
        self._deadline = deadline
        self._known: dict[Question, Outcome] = {}
        self._threads = ThreadPoolExecutor(workers, "grader")
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(workers):
            self._idle.put(Worker(deadline))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers."""
        self._threads.shutdown()
        while not self._idle.empty():
            self._idle.get().stop()

    def grade(self, gold: str, answer_text: str) -> Outcome:
        """One outcome; see `grade_many`."""
        return self.grade_many([(gold, answer_text)])[0]

    def grade_many(self, pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
        """The outcome of every (gold, answer text), in order; equal questions are asked once.

        Raises RuntimeError if math-verify gets a sentinel wrong.
        """
        questions = [to_question(gold, text) for gold, text in pairs]
        outcomes = {
            question: self._known.get(question) or shortcut(*question)
            for question in dict.fromkeys(questions)
        }
        hard = [question for question, outcome in outcomes.items() if outcome is None]
        for question, outcome in zip(hard, self._threads.map(self._ask, hard), strict=True):
            outcomes[question] = outcome
            if len(question[0]) + len(question[1]) <= CACHED:
                self._known[question] = outcome
        return [cast(Outcome, outcomes[question]) for question in questions]

    def _ask(self, question: Question) -> Outcome:
        worker = self._idle.get()
        try:
            return worker.ask(question)
        finally:
            self._idle.put(worker)


class _Died(Exception):
    """A worker ended, and not by its deadline: how."""


class Worker:
    """One math-verify process, started at its first question and again after it was killed."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._process: subprocess.Popen[str] | None = None

    def ask(self, question: Question) -> Outcome:
        for _ in range(2):  # what killed the first may be nothing of the answer's
            if self._process is None or self._process.poll() is not None:
                self._start()
            try:
                return self._send(question)
            except _Died as death:
                said = f"a grading worker {death} on {question[1]!r:.100}"
        print(f"{said}, twice: counted as unparsed", file=sys.stderr, flush=True)
        return "unparsed"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", WORKER, str(self._deadline)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
            start_new_session=True,  # Ctrl-C is for the run, which closes its workers
        )
        # A parser that does not fit the installed sympy grades wrongly without a word; these known pairs show it.
        for gold, text, expected in SENTINELS:
            try:
                actual = self._send((gold, text, True))
            except _Died as death:
                words = "its own words stand above, or memory ran out"
                raise RuntimeError(f"a grading worker {death} at its start: {words}") from None
            if self._process is None:
                raise RuntimeError(
                    f"a grading worker said nothing for {LAST_CLOCK * self._deadline:.0f} s: stopped"
                )
            if actual != expected:
                self.stop()
                raise RuntimeError(
                    f"math-verify grades {text!r} for {gold!r} {actual}, not {expected}: stopped"
                )

    def _send(self, question: Question) -> Outcome:
        """The outcome; `timeout` where the process was ended by its own alarm, or hangs. Raises _Died where it died."""
        process = cast(subprocess.Popen[str], self._process)
        assert process.stdin and process.stdout
        with suppress(BrokenPipeError):  # of one that died in between: it says nothing, as below
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
        # One line answers one question, so nothing is left in the buffer that select would not see.
        ready, _, _ = select.select([process.stdout], [], [], LAST_CLOCK * self._deadline)
        if ready and (reply := process.stdout.readline().strip()):
            return cast(Outcome, reply)
        ended = process.wait() if ready else None
        self.stop()
        if ended in (None, *ALARMS):
            return "timeout"
        raise _Died(
            f"was killed by {signal.Signals(-ended).name}" if ended < 0 else f"failed (status {ended})"
        )


def grade(gold: str, answer_text: str) -> Outcome:
    """One outcome, by a grader that this process keeps."""
    with _lock:
        grader = _shared()
    return grader.grade(gold, answer_text)


_lock = threading.Lock()


@functools.cache
def _shared() -> Grader:
    grader = Grader(workers=1)
    atexit.register(grader.close)
    return grader


os.register_at_fork(after_in_child=_shared.cache_clear)  # threads and pipes stay with the parent


def to_question(gold: str, text: str) -> Question:
    """What math-verify is asked: the answer's box where the text has one for this gold, else the text."""
    box = boxed_for(gold, text)
    return (gold.strip(), (text if box is None else box).strip(), box is not None)


def shortcut(gold: str, text: str, is_box: bool) -> Outcome | None:
    """The outcome where it is certain without math-verify, else None.

    Two plain numbers compare as fractions, save where math-verify's rounding to six decimals decides; equal
    contents that hold a digit are equal to math-verify too. `tests/test_answers.py` holds it to that.
    """
    if not text:
        return "missing"
    if is_box and gold == text and DIGIT.search(text):
        return "right"
    if all(len(side) <= SHORT and PLAIN.fullmatch(side) for side in (gold, text)):
        apart = abs(Fraction(gold.replace(",", "")) - Fraction(text.replace(",", "")))
        return "right" if not apart else "wrong" if apart >= Fraction(2, 10**6) else None
    return None
