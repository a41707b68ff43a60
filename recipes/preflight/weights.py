"""Values that are no numbers, in the weights that are here."""

from collections.abc import Iterator

from ...eval.io.errors import InputError
from ...eval.weights.check import check_weights, weight_files
from ..recipe.models import file_of
from .finding import Finding
from .material import Material

READ = 4.0  # GiB of weights that are read: some seconds


def values(material: Material) -> Iterator[Finding]:
    """Every value of base and models is a finite number. Large ones are read where the stage or evaluation starts."""
    named = {**({"base": material.recipe.base} if material.recipe.base else {}), **material.recipe.models}
    for name, model in named.items():
        config = file_of(model, "config.json")
        if config is None:
            continue
        size = sum(file.stat().st_size for file in weight_files(str(config.parent))) / 2**30
        if size > READ:
            text = (
                f"{name}: {size:.0f} GiB, whose values are read before a stage or an evaluation, and not here"
            )
            yield Finding("ok", "values", text)
            continue
        try:
            check_weights(str(config.parent))
        except InputError as error:
            yield Finding("FAIL", "values", f"{name}: {error.where}: {error.what}", error.fix)
        else:
            yield Finding("ok", "values", f"{name}: every weight is a finite number")
