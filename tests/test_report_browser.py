"""The report in a real Chromium: every picture is there, the filters filter, and the console stays silent."""

import json

import chromium
import pytest
from synthetic_run import make_run

from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report

NASTY = "</script><img src=x onerror=\"document.title='owned'\"><!-- <script> {{ 1 }} \u2028 &lt; 'q'"

pytestmark = pytest.mark.skipif(
    chromium.BINARY is None,
    reason="no chromium on this machine: install the package `chromium` (apt) to try the report in a browser",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    run = make_run(
        tmp_path_factory.mktemp("run") / "run", rows=60, arms={"base": [], "sft": ["sft"], "rl": ["rl"]}
    )
    for file in run.rglob("responses.jsonl"):
        write_jsonl(file, [said | {"text": said["text"] + NASTY} for said in read_jsonl(file)])
    report([run], run / "report")
    return run / "report" / "index.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def data(page):
    text = page.read_text()
    start = text.index(">", text.index('id="generations-data"')) + 1
    return json.loads(text[start : text.index("</script>", start)])


MATCH = "Number(document.getElementById('count').textContent.split(' ')[0])"
CHOOSE = """(() => {{
  const select = document.querySelector("#filters select[name={name}]");
  select.value = {value};
  select.dispatchEvent(new Event("change"));
  return new Promise((done) => setTimeout(() => done({match}), 50));
}})()"""


def choose(browser, name, value):
    return browser.run(CHOOSE.format(name=name, value=json.dumps(value), match=MATCH))


def of_type(data, sample, wanted):
    asked = [name for name, _ in data["rows"][sample["row"]]["constraints"]]
    return [held for name, held in zip(asked, sample["verdicts"], strict=True) if name == wanted]


def test_every_picture_is_there_and_nothing_complains(browser, page):
    browser.open(page)
    widths = browser.run("[...document.images].map((image) => image.naturalWidth)")
    assert len(widths) >= 8
    assert min(widths) > 500
    assert browser.run("document.querySelectorAll('details.sample').length") == 20
    assert browser.run("document.title") == "synthetic: reins report"
    assert browser.complaints == []


def test_filters_narrow_the_generations_one_after_another(browser, page, data):
    samples = data["samples"]
    browser.open(page)
    assert browser.run(MATCH) == len(samples) == 3 * 60
    left = [one for one in samples if one["arm"] == "sft"]
    assert choose(browser, "arm", "sft (seed 0)") == len(left) == 60
    wanted = "punctuation:no_comma"
    left = [one for one in left if of_type(data, one, wanted)]
    assert choose(browser, "type", wanted) == len(left) > 0
    left = [one for one in left if not all(of_type(data, one, wanted))]
    assert choose(browser, "verdict", "broken") == len(left) > 0
    left = [one for one in left if one["state"] == "closed"]
    assert choose(browser, "state", "closed") == len(left) > 0
    heads = browser.run(
        "[...document.querySelectorAll('details.sample > summary b')].map((b) => b.textContent)"
    )
    assert set(heads) == {"sft (seed 0)"}
    marks = browser.run("[...document.querySelectorAll('.sample li.broken')].map((item) => item.textContent)")
    assert len(marks) >= min(len(left), 20)
    assert all(mark.startswith("✗") for mark in marks)
    assert choose(browser, "verdict", "") >= len(left)
    assert browser.complaints == []


def test_a_view_is_an_address_and_a_row_shows_all_arms(browser, page, data):
    browser.open(page, "#arm=base&verdict=kept")
    kept = [one for one in data["samples"] if one["arm"] == "base" and all(one["verdicts"])]
    assert browser.run(MATCH) == len(kept) > 0
    assert browser.run("document.querySelector('select[name=verdict]').value") == "kept"
    browser.run("document.querySelector('.sample summary a').click()")
    assert browser.run(f"new Promise((done) => setTimeout(() => done({MATCH}), 50))") == 3
    assert browser.complaints == []


def test_what_a_model_wrote_stays_text(browser, page, data):
    browser.open(page, "#state=none")
    assert any(NASTY in one["answer"] for one in data["samples"])
    said = browser.run("document.querySelector('.answer-text').textContent")
    assert said.endswith(NASTY)
    assert browser.run("document.title") == "synthetic: reins report"
    assert browser.run("document.querySelectorAll('#samples img, #samples script').length") == 0
    assert browser.complaints == []


def test_tokens_that_nobody_counted_are_left_out(browser, tmp_path):
    run = make_run(tmp_path / "run", rows=4, arms={"base": []}, samples=1)
    for file in run.rglob("composite.think/scores.jsonl"):
        first, *others = read_jsonl(file)
        write_jsonl(file, [first | {"reasoning_tokens": None, "answer_tokens": None}, *others])
    report([run], run / "report")
    browser.open(run / "report" / "index.html")
    heads = browser.run("[...document.querySelectorAll('.sample summary')].map((one) => one.textContent)")
    assert ["tokens" in head for head in heads if "composite-" in head] == [False, True, True, True]
    assert not any("null" in head for head in heads)


def test_a_broken_page_is_noticed(browser, page, tmp_path):
    broken = tmp_path / "broken.html"
    broken.write_text(
        page.read_text()
        .replace("list.replaceChildren(", "list.replaceWith_(")
        .replace("base64,iVBOR", "base64,xx")
    )
    browser.open(broken)
    assert browser.complaints
    assert 0 in browser.run("[...document.images].map((image) => image.naturalWidth)")
    browser.complaints.clear()
