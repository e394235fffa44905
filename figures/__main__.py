"""Draw the figures, or compute their data and draw them.

draw takes the committed data, seconds. full computes them anew in their place, fifteen hours
for all, and goes on from figures/work where it was stopped. quick, ten minutes, and smallest,
two, compute smaller ones into figures/work and draw them there.
"""

import argparse
import importlib
import shutil
import sys
from pathlib import Path

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import DEVICES, backend
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
        clock, goes_on = Clock(), any(kit.WORK.glob(f"{name}-*{size}*"))
        data = importlib.import_module(f"figures.{name}.compute").compute(size)
        data.seconds = None if goes_on else clock.seconds
        data.write(path)
    with style():
        save(importlib.import_module(f"figures.{name}.plot").plot(Data.read(path)), folder)
    return folder


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m figures", description=__doc__)
    parser.add_argument("size", choices=("draw", *SIZES))
    parser.add_argument("names", nargs="*", metavar="figure01", help="all, if none is named")
    where = "for φ of figure 3 and the descents of figures 9 and 10: the draws are the same"
    parser.add_argument("--device", choices=DEVICES, default="cpu", help=where)
    given = parser.parse_args(arguments)
    size, names, kit.device = given.size, given.names or FIGURES, given.device
    if unknown := set(names) - set(FIGURES):
        print(f"no figure {', '.join(sorted(unknown))}: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    try:
        backend(given.device if size != "draw" else "cpu")
    except InvalidInput as error:
        print(error, file=sys.stderr)
        return 2
    if size in ("smallest", "quick"):
        # Small data are computed anew: what a changed program makes must show.
        for name in names:
            for path in [kit.WORK / size / name, *kit.WORK.glob(f"{name}-*{size}*")]:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for name in names:
        clock = Clock()
        try:
            folder = make(name, size)
        except KeyboardInterrupt:
            print(f"{name}: stopped; full goes on from figures/work", file=sys.stderr)
            return 130
        except OSError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        print(f"{folder.relative_to(HERE.parent)}  {clock.seconds:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
