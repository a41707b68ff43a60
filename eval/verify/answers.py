"""Is the answer right? Equivalence by math-verify, in worker processes that can be killed.

Which text is the answer: the content of the last complete `\\boxed{…}` of the answer part (any case of the word,
since a reply in capitals writes `\\BOXED`); where there is none, what math-verify itself finds in the whole text.
Outcomes: `right`, `wrong`; `missing`: no answer there; `unparsed`: an answer math-verify cannot read;
`timeout`: none within the deadline. Only the first two are judgements: the other three are counted apart.
"""

import atexit
import functools
import json
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, Self, cast

from .errors import InputError

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

BOX = re.compile(r"(\\boxed\s*\{)|\\.|[{}]", re.IGNORECASE | re.DOTALL)
PLAIN = re.compile(r"-?[0-9]{1,300}")


def boxed(text: str) -> str | None:
    r"""The content of the `\boxed{…}` that closes last, or None; one pass over the text."""
    opened: list[tuple[int, bool]] = []
    found = None
    for mark in BOX.finditer(text):
        if mark[0] == "}":
            start, is_box = opened.pop() if opened else (0, False)
            found = text[start : mark.start()] if is_box else found
        elif mark[0] == "{" or mark[1]:
            opened.append((mark.end(), bool(mark[1])))
    return found


class Grader:
    """Grades many answers; a context manager that starts its workers when the first answer needs one.

    May be called from any thread and in any process; `deadline` is processor seconds per answer.
    """

    def __init__(self, *, workers: int = 2, deadline: float = 5.0) -> None:
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
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().stop()

    def grade(self, gold: str, answer_text: str) -> Outcome:
        """One outcome; see `grade_many`."""
        return self.grade_many([(gold, answer_text)])[0]

    def grade_many(self, pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
        """The outcome of every (gold, answer text), in order.

        Raises InputError on an empty gold, RuntimeError if math-verify gets a sentinel wrong.
        """
        questions = [_question(gold, text) for gold, text in pairs]
        hard = []
        for question in dict.fromkeys(questions):
            if question not in self._known:
                quick = _quick(*question)
                if quick:
                    self._known[question] = quick
                else:
                    hard.append(question)
        for question, found in zip(hard, self._threads.map(self._ask, hard), strict=True):
            self._known[question] = found
        return [self._known[question] for question in questions]

    def _ask(self, question: Question) -> Outcome:
        worker = self._idle.get()
        try:
            return worker.ask(question)
        finally:
            self._idle.put(worker)


class Worker:
    """One math-verify process, started at the first question and again after it was killed."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._process: subprocess.Popen[str] | None = None

    def ask(self, question: Question) -> Outcome:
        if self._process is None:
            self._start()
        found = self._send(question)
        if not found:
            self.stop()
            return "timeout"
        return found

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> None:
        script = Path(__file__).with_name("math_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script), str(self._deadline)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
        )
        for gold, text, expected in SENTINELS:
            found = self._send((gold, text, True))
            if found != expected:
                raise RuntimeError(
                    f"math-verify calls {text!r} for {gold!r} {found or 'nothing'}, not {expected}"
                )

    def _send(self, question: Question) -> Outcome | None:
        """The outcome, or None when the process died on the question."""
        assert self._process and self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return cast(Outcome, self._process.stdout.readline().strip()) or None


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


def _question(gold: str, text: str) -> Question:
    if not gold.strip():
        raise InputError("the gold answer is empty; grade only rows that have an answer")
    box = boxed(text)
    return (gold, text, False) if box is None else (gold, box, True)


def _quick(gold: str, text: str, is_box: bool) -> Outcome | None:
    """The outcome where it is certain without math-verify."""
    if not text.strip():
        return "missing"
    if is_box and PLAIN.fullmatch(gold) and PLAIN.fullmatch(text):
        return "right" if int(gold) == int(text) else "wrong"
    return None
