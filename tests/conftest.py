"""What several tests share: a tiny model on disk, a grader with its workers. Nothing here reaches the hub.

What builds things stands in files of its own: `tiny.py` (models), `stages.py` (stages of training), `synthetic_run.py`
(run folders with planted effects), `small_rows.py`, `small_recipe.py`, `small_tasks.py`.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = (
    "1"  # read where huggingface_hub is imported, so it stands before what imports it
)

import openai_server
from reins_command import RECIPE
from small_rows import a_row, write
from small_tasks import CHILD
from tiny import make_tiny

from reins.eval.verify import Grader

SHARED = Path(__file__).resolve().parents[2] / "shared"
DATA = SHARED / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the shared cases are not at {SHARED}")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the public data is not at {DATA}")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a random chat model of some 100k parameters: all tests read it, so a test that writes copies it."""
    folder = make_tiny(tmp_path_factory.mktemp("tiny") / "base")
    made = _content(folder)
    yield folder
    assert _content(folder) == made, "a test wrote into the model that all share"


@pytest.fixture(scope="session")
def base(tiny: Path) -> Path:
    """The same model, as what a stage starts from."""
    return tiny


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    """A grader whose two workers start once for all tests."""
    with Grader() as running:
        yield running


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose tags are tokens, and often drawn."""
    return make_tiny(tmp_path_factory.mktemp("thinker"), think_tokens=True)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of forty rows of very different lengths."""
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write(file, [a_row(index) for index in range(40)])
    return file


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """The file of the first twelve of them."""
    write(tmp_path / "rows.jsonl", [a_row(index) for index in range(openai_server.ROWS)])
    return tmp_path / "rows.jsonl"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[openai_server.Server]:
    """A server of OpenAI's protocol that says back how long a turn is, so that every row has a reply of its own."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def reply(body: openai_server.Body) -> openai_server.Body:
        length = len(body["messages"][0]["content"])
        return openai_server.said(f"It is {length}.", usage={"prompt_tokens": length, "completion_tokens": 4})

    with openai_server.serving(reply) as running:
        yield running


@pytest.fixture
def world(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to stand in, with the tiny model as `base`."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, "base")
    return tmp_path


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Where a run of `small_tasks` goes, beside the module that its children run."""
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path / "run"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to stand in, with a recipe `r.yaml` of one small set."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


def _content(folder: Path) -> dict[str, str]:
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }
