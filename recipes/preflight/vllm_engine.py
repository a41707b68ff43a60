"""Evaluation by vLLM: whether it is here, and whether it would start with the recipe's `launch.vllm`.

The installed vLLM is read, not imported: a login node without a card lets it be read alone, and at once.
"""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from ...eval.io.errors import nearest
from .finding import Finding
from .gpu import INSTALL
from .material import Material

ARGUMENTS = "engine/arg_utils.py"
METHODS = "model_executor/layers/quantization/__init__.py"


def arguments(material: Material) -> Iterator[Finding]:
    """Arguments that vLLM would refuse, or that nobody reads."""
    launch, vllm = material.recipe.launch, material.recipe.launch.vllm
    if launch.engine != "vllm":
        if vllm.stated:
            text = f"evaluation: launch.vllm is not read by engine {launch.engine}"
            yield Finding("warn", "vllm", text, "launch.engine: vllm, or take it out")
        return
    for name, shape in material.shapes.items():
        if shape and shape.heads % vllm.tensor_parallel_size:
            text = f"{name}: {shape.heads} attention heads on {vllm.tensor_parallel_size} cards"
            yield Finding("FAIL", "vllm", text, "a tensor_parallel_size that divides them")
        if shape and vllm.max_model_len and vllm.max_model_len > shape.positions:
            text = f"{name}: max_model_len {vllm.max_model_len}, the model has {shape.positions}"
            yield Finding("FAIL", "vllm", text, "leave it out: it is made to fit prompts and replies")
    for name, evaluation in material.recipe.evaluate.items():
        if vllm.max_model_len and vllm.max_model_len <= evaluation.max_new_tokens:
            text = f"{name}: max_model_len {vllm.max_model_len} leaves no room for a prompt before {evaluation.max_new_tokens} tokens"
            yield Finding("FAIL", "vllm", text, "leave it out: it is made to fit prompts and replies")
    if vllm.max_num_batched_tokens and vllm.max_num_batched_tokens < (vllm.max_num_seqs or 1):
        text = f"evaluation: {vllm.max_num_batched_tokens} tokens a step for {vllm.max_num_seqs} samples"
        yield Finding("FAIL", "vllm", text, "max_num_batched_tokens of max_num_seqs at least")


def installed(material: Material) -> Iterator[Finding]:
    """Whether the vLLM that is here knows the arguments and the quantisation."""
    launch = material.recipe.launch
    if launch.engine != "vllm":
        return
    package = find_spec("vllm")
    if package is None or not package.submodule_search_locations:
        yield Finding("warn", "vllm", "evaluation: vLLM is not installed here", INSTALL)
        return
    folder = Path(package.submodule_search_locations[0])
    known = _fields(folder / ARGUMENTS, "EngineArgs")
    unknown = [name for name in launch.vllm.stated if name not in known]
    methods, method = _strings(folder / METHODS, "QuantizationMethods"), launch.vllm.quantization
    if not known or not methods:
        text = "evaluation: the vLLM that is installed here is laid out otherwise, its arguments were not looked at"
        yield Finding("warn", "vllm", text, INSTALL)
    elif unknown:
        text = f"evaluation: {', '.join(unknown)}: the vLLM that is installed here has no such argument"
        yield Finding("FAIL", "vllm", text, f"take it out, or {INSTALL}")
    elif method and method not in methods:
        text = f"evaluation: quantization: {method} is unknown, {nearest(method, methods)}"
        yield Finding("FAIL", "vllm", text, "one of those that vLLM has")
    else:
        shown = ", ".join(f"{name} {value}" for name, value in launch.vllm.stated.items())
        yield Finding("ok", "vllm", f"evaluation: installed, {shown or 'as it starts by itself'}")


def _fields(file: Path, name: str) -> set[str]:
    """The annotated names in the body of a class."""
    classes = [node for node in _nodes(file) if isinstance(node, ast.ClassDef) and node.name == name]
    return {
        part.target.id
        for node in classes
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }


def _strings(file: Path, name: str) -> list[str]:
    """The texts in what is assigned to a name."""
    assigned = [
        node.value
        for node in _nodes(file)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    parts = [part for value in assigned for part in ast.walk(value) if isinstance(part, ast.Constant)]
    return [part.value for part in parts if isinstance(part.value, str)]


def _nodes(file: Path) -> list[ast.stmt]:
    return ast.parse(file.read_text("utf-8")).body if file.is_file() else []
