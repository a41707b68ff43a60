"""The commands on answers, with no recipe: sample them, judge them, compare them, look at attention, hand them on."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ..eval.io.errors import InputError
from ..eval.io.terminal import shown
from ..eval.sample.settings import Sampling, Server, read_server
from ..eval.sample.vllm_arguments import read_vllm
from .help import examples

answers = typer.Typer(rich_markup_mode=None)

Data = Annotated[Path, typer.Option("--data", help="A set's rows: ours, MathIF's or IFEval's JSON lines.")]
OutDir = Annotated[Path, typer.Option("--out", help="The folder to write.")]
Preset = Annotated[
    str, typer.Option(help="reins, mathif or ifeval: how prompts are written and answers judged.")
]

SERVER = [name for name in Server.model_fields if name != "price"]  # which a recipe may state


def _setting_options() -> list[inspect.Parameter]:
    """The settings of sampling and of a server as options; a server has no address where none is given."""
    fields = [*Sampling.model_fields.items(), *((name, Server.model_fields[name]) for name in SERVER)]
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default="" if field.is_required() else field.default,
            annotation=Annotated[field.annotation, typer.Option(help=field.description)],
        )
        for name, field in fields
    ]


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each setting in place of its `**settings`."""
    signature = inspect.signature(command)
    parameters = signature.parameters.values()
    named = [each.replace(kind=each.KEYWORD_ONLY) for each in parameters if each.kind is not each.VAR_KEYWORD]
    command.__signature__ = signature.replace(parameters=[*named, *_setting_options()])  # type: ignore[attr-defined]
    return command


def _server(options: Mapping[str, Any]) -> Server | None:
    """The server that these options are of. Raises InputError on one of them where no address is given."""
    if options["base_url"]:
        return read_server(options)
    for name in SERVER:
        if name != "base_url" and options[name] != Server.model_fields[name].default:
            raise InputError(
                name, "is a server's, and no base_url is given", "give base_url, or leave it out"
            )
    return None


@answers.command(
    epilog=examples(
        "reins generate --model M --data rows.jsonl --out a",
        "reins generate --model M --data rows.jsonl --out b --mode direct --samples 4",
    )
)
@_with_settings
def generate(
    model: Annotated[str, typer.Option(help="A checkpoint's folder, a hub id, or its name at a server.")],
    data: Data,
    out: OutDir,
    mode: Annotated[
        str,
        typer.Option(
            help="think, direct, cot, few_shot-K, reflect, decide, boost-M …: see docs/concepts.md."
        ),
    ] = "think",
    seed: int = 0,
    plain: Annotated[bool, typer.Option("--plain", help="Ask without the rows' constraints.")] = False,
    preset: Preset = "reins",
    engine: Annotated[str, typer.Option(help="transformers, vllm, or openai: a server.")] = "transformers",
    vllm: Annotated[str, typer.Option(help="How engine vllm starts, as '{dtype: bfloat16}'.")] = "",
    examples: Annotated[Path | None, typer.Option(help="Worked examples, for few_shot.")] = None,
    replies: Annotated[Path | None, typer.Option(help="Another's responses, for reflect_other.")] = None,
    **settings: Any,
) -> None:
    """Sample answers of one model to one set."""
    from ..eval.sample.generate import generate as sample

    served = {name: settings.pop(name) for name in SERVER}
    written = sample(
        model,
        data,
        out,
        mode=mode,
        seed=seed,
        with_constraints=not plain,
        preset=preset,
        engine=engine,
        vllm=read_vllm(vllm),
        examples=examples,
        replies=replies,
        server=_server(served),
        **settings,
    )
    print(shown(str(written)))


@answers.command(
    epilog=examples(
        "reins score --data rows.jsonl --responses responses.jsonl --out scores",
        "reins score --data mathif.jsonl --responses out.jsonl --out scores --preset mathif",
    )
)
def score(
    data: Annotated[list[Path], typer.Option(help="A set's rows; may be repeated, each with its responses.")],
    responses: Annotated[
        list[Path], typer.Option(help="Outputs to them, in any of these forms; may be repeated.")
    ],
    out: OutDir,
    preset: Preset = "reins",
) -> None:
    """Judge responses: every constraint, every answer.

    Outputs are read as they are: responses.jsonl of reins, {prompt, response}, MathIF's {output}, lm-eval's samples,
    Inspect's .eval and JSON logs, lighteval's details, evalscope's predictions and reviews, OpenAI's chat completions,
    batch outputs of OpenAI and vLLM. The form is told by content, the row by prompt or id (docs/outputs.md).
    """
    from ..eval.report.tables import score_table
    from ..eval.score.score import score as judge

    scores = judge(data, responses, out, preset=preset)
    print(shown(f"{score_table(scores)}\n\n{scores}"))


@answers.command(
    epilog=examples(
        "reins export --data rows.jsonl --lm-eval task",
        "reins export --data rows.jsonl --inspect task --verifiers environment",
    )
)
def export(
    data: Data,
    lm_eval: Annotated[Path | None, typer.Option(help="A folder for lm-evaluation-harness.")] = None,
    inspect_ai: Annotated[Path | None, typer.Option("--inspect", help="A folder for Inspect.")] = None,
    verifiers: Annotated[Path | None, typer.Option(help="A folder for verifiers.")] = None,
    preset: Preset = "reins",
    opened: Annotated[
        bool, typer.Option("--opened", help="The model's chat template opens the thought (DeepSeek-R1's).")
    ] = False,
) -> None:
    """Write the rows as a task of another harness.

    With our prompts and verdicts; reins must be installed there.
    """
    from ..eval.export.export import export as write

    asked = {"lm-eval": lm_eval, "inspect": inspect_ai, "verifiers": verifiers}
    folders = {harness: folder for harness, folder in asked.items() if folder}
    if not folders:
        raise InputError("export", "no harness named", "give --lm-eval, --inspect or --verifiers a folder")
    print("\n".join(map(str, write(data, folders, preset=preset, opened=opened))))


@answers.command(
    epilog=examples(
        "reins compare a b",
        "reins compare a b --metric correct --data rows.jsonl",
    )
)
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="An evaluation's folder, with scores.jsonl.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another, of the same rows.")],
    metric: Annotated[str, typer.Option(help="What is compared.")] = "hacc",
    data: Annotated[Path | None, typer.Option(help="The set's rows, for folders outside of a run.")] = None,
) -> None:
    """Compare two evaluations of the same rows, in pairs.

    Of other arms, modes or presets. Prints A less B, paired by row, with a 95 % interval.
    """
    from ..eval.report.compare import compare as compared

    print(shown(compared(a, b, metric=metric, data=data)[0]))


@answers.command(
    epilog=examples(
        "reins report runs/mine --out report",
        "reins report runs/mine runs/other --out both --beside mathif",
    )
)
def report(
    run_dirs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...")],
    out: OutDir,
    beside: Annotated[str | None, typer.Option(help="Published figures to lay beside: mathif.")] = None,
) -> None:
    """Lay one or several runs side by side."""
    from ..eval.report.report import report as write

    print(shown(f"{write(run_dirs, out, beside=beside)}\n\n{out / 'index.html'}"))


@answers.command(
    epilog=examples(
        "reins attend --model M --data rows.jsonl --responses responses.jsonl --out mass",
        "reins attend --data rows.jsonl --out spans.jsonl --spans-only",
    )
)
def attend(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="The folder to write; a file with --spans-only.")],
    model: Annotated[str | None, typer.Option(help="A checkpoint's folder, or a hub id.")] = None,
    responses: Annotated[Path | None, typer.Option(help="Its responses to the set's rows.")] = None,
    mode: Annotated[str | None, typer.Option(help="The mode that they were asked in.")] = None,
    preset: Preset = "reins",
    spans_only: Annotated[
        bool, typer.Option("--spans-only", help="Only where each constraint stands in its prompt.")
    ] = False,
) -> None:
    """Measure a model's attention on the constraints.

    While it thinks and answers, with what else would explain it.
    """
    from ..eval.attention import attend as attention

    if spans_only:
        count, missing = attention.write_spans(data, out, preset=preset)
        print("\n".join([f"{out}: {count} spans, {len(missing)} constraints not found", *missing]))
        return
    if model is None or responses is None:
        raise InputError(
            "attend", "no model or no responses", "give --model and --responses, or --spans-only"
        )
    print(attention.report(attention.attend(model, data, responses, out, preset=preset, mode=mode)))
