"""The report of a run as the site shows it: `python tests/example_report.py RUN docs/example-report.html`.

The page as `reins report` writes it, but with fewer generations and with figures of 32 colours, so that it is small.
"""

import base64
import io
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image

from reins.eval.report.report import report

GENERATIONS = 120_000  # bytes of JSON
PICTURE = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")


def main(run: str, page: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report([run], folder, limit=GENERATIONS)
        text = (Path(folder) / "index.html").read_text("utf-8")
    Path(page).write_text(PICTURE.sub(lambda found: recoloured(found[0]), text), "utf-8")


def recoloured(picture: str) -> str:
    small = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    image.quantize(32, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
