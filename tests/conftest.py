"""What several tests share: a tiny model on disk, a grader with its workers. Nothing here reaches the hub.

What builds things stands in files of its own: `tiny.py` (models), `stages.py` (stages of training), `synthetic_run.py`
(run folders with planted effects).
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = (
    "1"  # read where huggingface_hub is imported, so it stands before what imports it
)

from tiny import make_tiny

from reins.eval.verify import Grader


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


def _content(folder: Path) -> dict[str, str]:
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }
