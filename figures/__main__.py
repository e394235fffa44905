"""``python -m figures draw|smallest|quick|full [figure01 …]``: draw, or compute and draw.

``draw`` takes the committed data. ``full`` computes them anew, and goes on where it was stopped;
``quick`` and ``smallest`` compute smaller ones into figures/work and draw them there.
"""

import importlib
import shutil
import sys
from pathlib import Path

from figures import kit
from figures.kit import HERE, SIZES, Clock, Data, save, style

FIGURES = sorted(path.name for path in HERE.glob("figure[0-9][0-9]"))


def folder_of(name: str, size: str) -> Path:
    """Where the data and the files of a figure go."""
    return HERE / name if size in ("draw", "full") else kit.WORK / size / name


def make(name: str, size: str) -> Path:
    """Compute (unless ``size`` is "draw") and draw one figure."""
    folder = folder_of(name, size)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "data.json"
    if size != "draw":
        clock = Clock()
        data = importlib.import_module(f"figures.{name}.compute").compute(size)
        data.seconds = clock.seconds
        data.write(path)
    with style():
        save(importlib.import_module(f"figures.{name}.plot").plot(Data.read(path)), folder)
    return folder


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in ("draw", *SIZES):
        print(__doc__, file=sys.stderr)
        return 2
    size, names = arguments[0], arguments[1:] or FIGURES
    if unknown := set(names) - set(FIGURES):
        print(f"no figure {', '.join(sorted(unknown))}: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    if size in ("smallest", "quick"):
        # Small data are computed anew: what a changed program makes must show.
        for name in names:
            for path in [kit.WORK / size / name, *kit.WORK.glob(f"{name}-*{size}*")]:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for name in names:
        clock = Clock()
        folder = make(name, size)
        print(f"{folder.relative_to(HERE.parent)}  {clock.seconds:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
