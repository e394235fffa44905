"""The commands ``data …``: real inputs to compare with."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

import bbpscape as bb
from bbpscape.cli.common import Json, app, print_json
from bbpscape.core.files import check_output_path, replacing

data = typer.Typer(help="Real inputs to compare with.", no_args_is_help=True)
app.add_typer(data, name="data")


@data.command()
def patches(
    out: Annotated[Path, typer.Option(help="The .npy file to write.")],
    size: Annotated[int, typer.Option(help="Side in pixels; N is its square.")] = 12,
    count: Annotated[int | None, typer.Option(help="Number of patches; 20 N by default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the places.")] = 0,
    contrast: Annotated[
        bool, typer.Option("--contrast", help="Give every patch the same standard deviation.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Natural-image patches cut from photographs that ship with scikit-image."""
    if check_output_path(out).suffix != ".npy":
        raise bb.InvalidInput(f"--out must end in .npy, got {str(out)!r}")
    rows = bb.data.photograph_patches(size, count, seed, contrast=contrast)
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.save(file, rows)
    if as_json:
        return print_json({"out": str(out), "rows": len(rows), "N": rows.shape[1]})
    Console().print(f"{len(rows)} patches of {size} × {size} pixels in {out}", highlight=False)
