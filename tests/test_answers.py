"""Answers: outcomes, extraction, shortcuts that change no verdict, workers that die and come back."""

import os
import random
import subprocess
import sys
import threading
from multiprocessing import get_context
from pathlib import Path

import pytest
from bench import answers as bench
from conftest import DATA, needs_data

from reins.data_builders.problems import read_problems
from reins.eval.io.jsonl import read_jsonl
from reins.eval.verify.answers import Grader, boxed, grade, shortcut
from reins.eval.verify.answers import grader as workers
from reins.eval.verify.rows import read_rows

CONFORMANCE = DATA.parent / "conformance"
SETS = [
    "gsm8k/test",
    *(f"qwen_math_eval/{name}_test" for name in ("math500", "minerva_math", "olympiadbench")),
]
SETS += [f"qwen_math_eval/{name}_test" for name in ("aime24", "aime25", "amc23")]
HANG = r"\boxed{[P_{0}^{2/5}-\frac{2}{5}gK^{-3/5}z]^{5/2}}"
HANG_GOLD = r"\left( \frac{3K}{g} z + \frac{P_0^{-2/5}}{K^{3/5}} \right)^{-5/2}"


@pytest.fixture(scope="module")
def math_verify():
    """What math-verify says with no shortcut taken: a question in, an outcome out."""
    worker = workers.Worker(deadline=3.0)
    yield worker.ask
    worker.stop()


@pytest.mark.parametrize(
    ("gold", "text", "outcome"),
    [
        ("42", r"so \boxed{42}.", "right"),
        ("42", r"so \boxed{41}.", "wrong"),
        ("42", r"\boxed{1,042} no, \boxed{42}", "right"),
        ("42", r"\boxed{42} no, \boxed{43}", "wrong"),
        ("1234", r"\boxed{1,234.0}", "right"),
        ("42", r"THE ANSWER IS \BOXED{42}", "right"),
        (r"\frac{1}{2}", r"THE ANSWER IS \BOXED{\FRAC{1}{2}}", "right"),
        (r"\frac{1}{2}", r"\boxed{0.5}", "right"),
        (r"\sqrt{8}", r"\boxed{x = 2\sqrt{2}}", "right"),
        ("42", "We add them up.\n#### 42", "right"),
        ("42", "**42**", "right"),
        ("42", "", "missing"),
        ("42", " \n ", "missing"),
        ("42", r"\boxed{}", "missing"),
        ("42", "I could not finish", "missing"),
        ("42", r"so \boxed{4", "missing"),
        (r"\frac{1}{2}", r"\boxed{??}", "unparsed"),
        ("2.88e16", r"\boxed{2.88 \times 10^{16} \text{ m}}", "right"),
        ("2.88e16", r"\boxed{2.89 \times 10^{16}}", "wrong"),
        ("0.3333333", r"\boxed{0.3333334}", "right"),
        ("3.14159", r"\boxed{3.1415926}", "wrong"),
        ("1e-5", r"\boxed{0.00001}", "right"),
        ("6.6e-34", r"\boxed{3.3 \times 10^{-34}}", "wrong"),
    ],
)
def test_outcomes(grader, gold, text, outcome):
    assert grader.grade(gold, text) == outcome


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("nothing", None),
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}} }", r"\frac{1}{2}"),
        (r"{ \boxed{\left\{1, 2} {", r"\left\{1, 2"),
        (r"\boxed{1} \boxed{2", "1"),
        (r"\fbox{7}", "7"),
    ],
)
def test_boxed_takes_the_last_complete_box(text, content):
    assert boxed(text) == content


def test_boxed_is_linear_on_bait():
    assert boxed(r"\boxed{" * 200_000) is None


def test_a_hanging_item_times_out_and_the_others_are_graded():
    pairs = [(HANG_GOLD, HANG), ("x+1", r"\boxed{1+x}"), ("x+1", r"\boxed{x}")]
    with Grader(workers=1, deadline=1.0) as grader:
        assert grader.grade_many(pairs) == ["timeout", "right", "wrong"]


def test_equal_questions_are_asked_once(monkeypatch):
    asked = []

    def ask(_, question):
        asked.append(question)
        return "right"

    monkeypatch.setattr(workers.Worker, "ask", ask)
    with Grader() as grader:
        grader.grade_many([("x+1", r"a \boxed{1+x}"), ("x+1", r"b \boxed{1+x}")])
        grader.grade("x+1", r"c \boxed{1+x}")
    assert len(asked) == 1


def test_a_wrong_sentinel_stops_the_run(monkeypatch):
    monkeypatch.setattr(workers, "SENTINELS", [("42", "43", "right")])
    with Grader() as grader, pytest.raises(RuntimeError, match="grades '43' for '42' wrong"):
        grader.grade("x+1", r"\boxed{1+x}")


def test_plain_numbers_start_no_worker_and_import_no_sympy():
    code = (
        "import sys; from reins.eval.verify.answers import grade;"
        r"assert grade('42', r'\boxed{42}') == 'right' and grade('42', r'\boxed{-1,042.5}') == 'wrong';"
        "assert 'sympy' not in sys.modules and 'math_verify' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_grades_from_threads():
    found = []
    threads = [threading.Thread(target=lambda: found.append(grade("1/2", r"\boxed{0.5}"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["right"] * 4


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_grades_in_another_process(method):
    grade("1/2", r"\boxed{0.5}")
    with get_context(method).Pool(1) as pool:
        assert pool.apply(grade, ("1/2", r"\boxed{0.5}")) == "right"


def test_workers_die_with_their_parent():
    code = (
        r"from reins.eval.verify.answers import grade; grade('1/2', r'\boxed{0.5}'); import os, psutil;"
        "(worker,) = psutil.Process().children(); print(worker.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    pid = int(run.stdout)
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists():
            return
        threading.Event().wait(0.1)
    os.kill(pid, 9)
    pytest.fail("a worker outlived its parent")


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "*" * 10**5, r"\boxed{" + "{" * 5000 + "}" * 5001, "中" * 1000]
)
def test_odd_texts_get_an_outcome(grader, text):
    assert grader.grade("42", text) in ("wrong", "missing", "unparsed", "timeout")


@needs_data
@pytest.mark.parametrize("name", SETS)
def test_every_gold_fed_back_is_right(grader, name):
    golds = [row.answer for row in read_problems(DATA / f"{name}.jsonl")]
    assert set(grader.grade_many([(gold, rf"\boxed{{{gold}}}") for gold in golds])) == {"right"}


@needs_data
def test_every_mathif_gold_fed_back_is_right_without_shortcuts(math_verify):
    golds = [row.answer for row in read_rows(DATA / "mathif")]
    assert {math_verify((gold, gold, True)) for gold in golds} == {"right"}


def test_shortcuts_change_no_verdict_on_plain_numbers(math_verify):
    rng = random.Random(0)
    steps = [0, 4e-7, 1e-6, 2e-6, 3e-6, 1e-4, 1]
    golds = [round(rng.uniform(-1, 1) * 10 ** rng.randrange(7), rng.randrange(7)) for _ in range(400)]
    pairs = [(f"{gold:,.7f}", f"{gold + rng.choice(steps):{rng.choice(['', ','])}.7f}") for gold in golds]
    questions = [(*pair, boxed) for pair in pairs for boxed in (True, False)]
    taken = [(question, outcome) for question in questions if (outcome := shortcut(*question))]
    assert len(taken) > 300
    assert [question for question, outcome in taken if math_verify(question) != outcome] == []


@needs_data
def test_shortcuts_change_no_verdict_on_real_outputs(math_verify):
    questions = {workers.to_question(*pair) for pair in bench.real_pairs()}
    short = {question: shortcut(*question) for question in questions}
    taken = {question: outcome for question, outcome in short.items() if outcome}
    assert len(taken) > 700
    assert [q for q, outcome in taken.items() if math_verify(q) != outcome] == []


def test_our_answers_get_mathifs_verdicts_but_where_a_reason_is_given(grader):
    cases = read_jsonl(Path(__file__).parent / "conformance" / "answers.jsonl")
    outcomes = grader.grade_many([(case["answer"], case["response"]) for case in cases])
    for case, outcome in zip(cases, outcomes, strict=True):
        if "ours" in case:
            assert outcome == case["ours"] and (outcome == "right") != case["verdict"], case
        else:
            assert (outcome == "right") == case["verdict"], case


@needs_data
def test_every_disagreement_with_mathifs_grader_has_a_name(grader):
    cases = read_jsonl(CONFORMANCE / "mathif_answers.jsonl")
    ours = grader.grade_many([(case["answer"], case["response"]) for case in cases])
    found = {name: len(those) for name, those in bench.disagreements(cases, ours).items()}
    assert found.pop("formula outside LaTeX") <= 3, "where theirs is right"
    assert set(found) <= {name for name, _, verdict in bench.CLASSES if verdict.startswith("ours")}
    assert sum(found.values()) <= 120
