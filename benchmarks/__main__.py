"""One table of speeds, each line beside its alternative and its floor in the same run.

    python -m benchmarks                      # all sections, printed
    python -m benchmarks engine descent       # some
    python -m benchmarks --out benchmarks/RESULTS.md [section ...]

``--out`` writes the sections that ran into the file and leaves its others as they are; each has its
own machine, date and commit. Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1, as ``make bench``
does. What is no speed beside an alternative (accuracy, scaling, finite sizes, the page, GPUs) is in
scripts of this folder, one a subject.
"""

import argparse
import datetime
import importlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy
import scipy

from benchmarks.frame import Row, Rows, table


@dataclass(frozen=True)
class Section:
    """A module of this folder with a function of rows.

    Where those are tuples (name, ours, theirs, floor) ``alternative``, ``asked`` and ``floor`` say
    what they are.
    """

    title: str
    module: str
    function: str = "rows"
    alternative: str = ""
    asked: float | None = None
    floor: str = ""

    def rows(self) -> Rows:
        module = importlib.import_module(f"benchmarks.{self.module}")
        for row in getattr(module, self.function)():
            if isinstance(row, Row):
                yield row
            else:
                name, ours, theirs, floor = row
                note = f"floor: {self.floor}"
                yield Row(name, ours, self.alternative, theirs, floor, self.asked, note)


SECTIONS = {
    "theory": Section("Theory of one model", "theory"),
    "networks": Section("Theory of networks without closed forms", "networks"),
    "many": Section(
        "Diagrams of 100 × 100 cells",
        "many",
        alternative="one by one",
        floor="one evaluation of all moments in every cell",
    ),
    "engine": Section("The lowest pairs of a large Hessian", "engine", "pairs"),
    "products": Section("Products with the Hessian", "engine", "products"),
    "descent": Section(
        "A step of gradient descent: p, N, α, draws",
        "descent",
        alternative="torch autograd",
        asked=3.0,
        floor="its two matrix products by numpy",
    ),
    "autograd": Section("Automatic differentiation", "autograd"),
    "torch": Section("The Hessian of a torch network", "torch_network"),
    "sharded": Section("One instance on many machines", "sharded"),
}


def machine() -> str:
    """Processor, versions, threads, load and commit, in a line."""
    name = platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        found = re.search(r"model name\s*: (.*)", info.read_text())
        name = found[1] if found else name
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    return (
        f"{datetime.date.today():%d %B %Y}, commit {commit or 'unknown'}; {name}, "
        f"{os.cpu_count()} cores, BLAS threads {threads}, load "
        f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, numpy {numpy.__version__}, "
        f"scipy {scipy.__version__}"
    )


def lines(name: str) -> Iterator[str]:
    """A section, as its rows come."""
    section = SECTIONS[name]
    yield f"## {section.title}"
    yield ""
    yield f"`python -m benchmarks {name}`: {machine()}."
    yield ""
    yield from table(section.rows())


def merged(text: str, blocks: dict[str, str]) -> str:
    """The file with these sections renewed, in the order of ``SECTIONS``."""
    kept = {one.split("\n", 1)[0]: one for one in re.split(r"^(?=## )", text, flags=re.M)[1:]}
    for name, block in blocks.items():
        kept[f"## {SECTIONS[name].title}"] = block
    order = [f"## {section.title}" for section in SECTIONS.values()]
    head = "# Speeds\n\nMade by `make bench`; the columns are those of `benchmarks/frame.py`.\n\n"
    return head + "\n\n".join(kept[title].strip() for title in order if title in kept) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--out", type=Path, help="a file in Markdown to renew")
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    for name in given.sections or SECTIONS:
        found = []
        for one in lines(name):
            print(one, flush=True)
            found.append(one)
        print(flush=True)
        if given.out is not None:
            text = given.out.read_text(encoding="utf-8") if given.out.exists() else ""
            given.out.write_text(merged(text, {name: "\n".join(found)}), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
