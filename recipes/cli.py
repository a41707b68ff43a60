"""The command line: exit status 0 done, 2 bad input (one line on stderr), 3 stopped by a guard, 1 a failure of ours."""

import inspect
import io
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ..eval.io.errors import InputError, of_place
from ..eval.io.terminal import shown
from ..eval.sample.settings import Sampling, Server, read_server
from .engine import run as runs
from .engine.execute import TaskFailed
from .recipe import resolve
from .recipe.schema import Recipe, load

app = typer.Typer(
    help="Train one base model several ways, and measure what each did to instruction following.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe's YAML file.")]
Out = Annotated[Path | None, typer.Option("--out", help="The run folder; runs/<name> where not given.")]
Data = Annotated[Path, typer.Option("--data", help="A set's rows: ours, MathIF's or IFEval's JSON lines.")]
OutDir = Annotated[Path, typer.Option("--out", help="The folder to write.")]
Preset = Annotated[
    str, typer.Option(help="reins, mathif or ifeval: how prompts are written and answers judged.")
]


@app.command()
def run(
    recipe: RecipeFile,
    arm: Annotated[list[str] | None, typer.Option(help="Only this arm; may be repeated.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Only this seed; may be repeated.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print plan, cost and commands; start nothing.")
    ] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Run all of it in two steps on a CPU, on a tiny random model.")
    ] = False,
    launch: Annotated[
        str, typer.Option(help="here, or slurm: as jobs of a cluster, each after what it needs.")
    ] = "here",
    task: Annotated[
        list[str] | None, typer.Option(help="Only this task of the plan; may be repeated.")
    ] = None,
    out: Out = None,
) -> None:
    """Run the whole ablation, or part: what is done is not done again."""
    if launch not in ("here", "slurm"):
        raise InputError(f"--launch {launch}", "unknown launcher", "give here or slurm")
    checked, folder = _read(recipe, out)
    if task:
        runs.part(checked, folder, task)
        return
    if launch == "slurm":
        runs.by_slurm(checked, folder, arm or [], seed or [], dry_run)
        return
    if rehearse:
        from .rehearse.rehearse import rehearse as rehearsed

        beside = folder.with_name(f"{folder.name}.rehearsal") if folder.name else Path("rehearsal")
        rehearsed(checked, recipe, beside, arm or [], seed or [])
        return
    (runs.dry_run if dry_run else runs.run)(checked, folder, arm or [], seed or [])


@app.command()
def check(
    recipe: RecipeFile,
    processes: Annotated[int | None, typer.Option(help="As if each stage had this many processes.")] = None,
    out: Out = None,
) -> None:
    """Look for all that can go wrong before a GPU is taken: a line a check, exit status 2 if one fails."""
    from .preflight import preflight

    loaded = _load(recipe, processes)
    findings = preflight(loaded, out or Path("runs") / loaded.name)
    print(shown("\n".join(map(str, findings))))
    if failed := sum(finding.level == "FAIL" for finding in findings):
        raise InputError(
            recipe, f"{failed} of {len(findings)} checks failed", "mend what the FAIL lines name"
        )


@app.command()
def build(
    recipe: RecipeFile,
    sets: Annotated[
        list[str] | None, typer.Argument(metavar="[SET]...", help="All where none is named.")
    ] = None,
    out: Out = None,
) -> None:
    """Build the data only."""
    checked, folder = _read(recipe, out)
    runs.build(checked, folder, sets or [])


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


@app.command()
@_with_settings
def generate(
    model: Annotated[str, typer.Option(help="A checkpoint's folder, a hub id, or its name at a server.")],
    data: Data,
    out: OutDir,
    mode: Annotated[
        str, typer.Option(help="think, direct, cot, repeat, remind, budget-N, wait-N or pad-N.")
    ] = "think",
    seed: int = 0,
    plain: Annotated[bool, typer.Option("--plain", help="Ask without the rows' constraints.")] = False,
    preset: Preset = "reins",
    engine: Annotated[str, typer.Option(help="transformers, vllm, or openai: a server.")] = "transformers",
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
        server=read_server(served) if served["base_url"] else None,
        **settings,
    )
    print(shown(str(written)))


@app.command()
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


@app.command()
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
    """Write the rows as a task of another harness, with our prompts and verdicts; reins must be installed there."""
    from ..eval.export.export import export as write

    asked = {"lm-eval": lm_eval, "inspect": inspect_ai, "verifiers": verifiers}
    folders = {harness: folder for harness, folder in asked.items() if folder}
    if not folders:
        raise InputError("export", "no harness named", "give --lm-eval, --inspect or --verifiers a folder")
    print("\n".join(map(str, write(data, folders, preset=preset, opened=opened))))


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="An evaluation's folder, with scores.jsonl.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another, of the same rows.")],
    metric: Annotated[str, typer.Option(help="What is compared.")] = "hacc",
    data: Annotated[Path | None, typer.Option(help="The set's rows, for folders outside of a run.")] = None,
) -> None:
    """Two evaluations of the same rows, paired: other arms, modes or presets."""
    from ..eval.report.compare import compare as compared

    print(shown(compared(a, b, metric=metric, data=data)[0]))


@app.command()
def report(
    run_dirs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...")],
    out: OutDir,
    beside: Annotated[str | None, typer.Option(help="Published figures to lay beside: mathif.")] = None,
) -> None:
    """Lay one or several runs side by side."""
    from ..eval.report.report import report as write

    print(shown(f"{write(run_dirs, out, beside=beside)}\n\n{out / 'index.html'}"))


@app.command()
def attend(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="The folder to write; a file with --spans-only.")],
    model: Annotated[str | None, typer.Option(help="A checkpoint's folder, or a hub id.")] = None,
    responses: Annotated[Path | None, typer.Option(help="Its responses to the set's rows.")] = None,
    preset: Preset = "reins",
    spans_only: Annotated[
        bool, typer.Option("--spans-only", help="Only where each constraint stands in its prompt.")
    ] = False,
) -> None:
    """Measure a model's attention on the constraints while it thinks and answers, with what else would explain it."""
    from ..eval.attention import attend as attention

    if spans_only:
        count, missing = attention.write_spans(data, out, preset=preset)
        print("\n".join([f"{out}: {count} spans, {len(missing)} constraints not found", *missing]))
        return
    if model is None or responses is None:
        raise InputError(
            "attend", "no model or no responses", "give --model and --responses, or --spans-only"
        )
    print(attention.report(attention.attend(model, data, responses, out, preset=preset)))


@app.command()
def push(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR")],
    arm: Annotated[str, typer.Option(help="The arm whose last checkpoint is uploaded.")],
    repository: Annotated[str, typer.Option("--to", help="owner/name on the hub.")],
    seed: int = 0,
    public: Annotated[
        bool, typer.Option("--public", help="For all to see; private where not given.")
    ] = False,
) -> None:
    """Upload one arm, with its card, to the hub."""
    from .engine.model_card import push as upload

    upload(run_dir, arm, repository, seed=seed, private=not public)
    print(f"https://huggingface.co/{repository}")


def _load(file: Path, processes: int | None) -> Recipe:
    recipe = load(file)
    if processes is None:
        return recipe
    return recipe.model_copy(update={"launch": recipe.launch.model_copy(update={"processes": processes})})


def _read(file: Path, out: Path | None) -> tuple[Recipe, Path]:
    recipe = resolve.check(load(file), file)
    return recipe, out or Path("runs") / recipe.name


class Ended(BaseException):
    """A signal asked this process to end."""


def main() -> None:
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a sign gets its escape
        cast(io.TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    for sign in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sign) is not signal.SIG_IGN:  # as `nohup` leaves it
            signal.signal(sign, _end)
    try:
        app()
    except (InputError, OSError) as error:
        if not (refused := of_place(error) if isinstance(error, OSError) else error):
            raise
        _say(str(refused))
        sys.exit(2)
    except TaskFailed as error:
        _say(str(error))
        sys.exit(error.status)
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from here")
        sys.exit(130)
    except Ended as ended:
        _say(f"ended by {signal.Signals(ended.args[0]).name}; the same command goes on from here")
        sys.exit(128 + ended.args[0])


def _end(sign: int, _: object) -> None:
    raise Ended(sign)


def _say(text: str) -> None:
    print(f"reins: {shown(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
