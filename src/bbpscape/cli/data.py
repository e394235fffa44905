"""Real inputs to compare with."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import typer

import bbpscape as bb
from bbpscape.cli.derive import command
from bbpscape.cli.output import KEYWORD, Output, print_json, say
from bbpscape.cli.tree import Once, group
from bbpscape.core.files import check_output_path, replacing

commands = group(__doc__ or "")


@dataclass(frozen=True)
class Rows(Output):
    """An array of rows, in the file ``--out``."""

    out: str = ""
    files: ClassVar[dict[str, str]] = {}

    @classmethod
    def options(cls) -> list[inspect.Parameter]:
        hint = Annotated[str, typer.Option(metavar="FILE", help="The .npy file to write.")]
        return [inspect.Parameter("out", KEYWORD, annotation=hint), *super().options()]

    def check(self) -> None:
        if check_output_path(self.out).suffix != ".npy":
            raise bb.InvalidInput(f"--out must end in .npy, got {self.out!r}")

    def write(self, result: Any) -> None:
        with replacing(self.out) as temporary, temporary.open("wb") as file:
            np.save(file, result)
        count, length = result.shape
        if self.json:
            print_json({"out": self.out, "rows": count, "N": length})
        else:
            say(f"{count} rows of {length} numbers in {Path(self.out)}")


commands.command(cls=Once)(command(bb.data.patches, Rows))


@commands.callback()
def _group() -> None:
    """Real inputs to compare with."""
