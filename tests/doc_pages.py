"""The fenced blocks of a page: run them, and hold what they print to what the page shows.

``python tests/doc_pages.py PAGE…`` writes what they print into the page.
"""

import contextlib
import io
import math
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^```(python|console|text)\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
ROUNDING = 1e-12  # what is smaller is rounding
SECONDS = re.compile(r"under 1 s\b|\b\d+(?:\.\d+)? (?:s|min)\b")  # how long it took
# Programs of others, and what takes minutes: shown, not run.
FOREIGN = ("pip", "python", "python3", "source", "make", "git", "dask", "cd", "sbatch")


@dataclass
class Block:
    """A fenced block: its kind, its text and where the text stands in the page."""

    kind: str
    text: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    return [Block(m[1], m[2], m.start(2), m.end(2)) for m in FENCE.finditer(page)]


def same(shown: str, printed: str) -> bool:
    """Equal but for white space, times, and two units in the last digit that a number shows."""
    shown, printed = (SECONDS.sub("some time", one) for one in (shown, printed))
    if NUMBER.sub("#", shown).split() != NUMBER.sub("#", printed).split():
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(_close(one, other) for one, other in pairs)


def _close(shown: str, printed: str) -> bool:
    x, y = (float(one.replace(",", "").replace("−", "-")) for one in (shown, printed))
    if abs(x) < ROUNDING and abs(y) < ROUNDING:
        return True
    mantissa, _, exponent = shown.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return math.isclose(x, y, rel_tol=0, abs_tol=2.01 * unit if "." in mantissa else 0.01 * unit)


def outputs(page: str, run: Any, names: dict[str, Any]) -> Iterator[tuple[Block, str, str]]:
    """(block, what it shows, what it prints) of all that show something; all are run."""
    found = blocks(page)
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.kind == "console":
            printed = transcript(block.text, run)
            yield block, block.text, printed
        elif block.kind == "python":
            code, said = compile(block.text, "page", "exec"), io.StringIO()
            if "dask_jobqueue" in block.text:
                continue
            with contextlib.redirect_stdout(said):
                exec(code, names)
            between = page[block.end : after.start] if after else ""
            if after is not None and after.kind == "text" and between == "```\n\n```text\n":
                yield after, after.text, said.getvalue()


def transcript(text: str, run: Any) -> str:
    """The commands of a console with what they print; those of others as they are shown."""
    made = []
    for part in re.split(r"^(?=\$ )", text, flags=re.M):
        command, _, shown = part.partition("\n")
        while command.endswith("\\"):
            more, _, shown = shown.partition("\n")
            command += "\n" + more
        if not command.startswith("$ bbpscape"):
            assert not command or command.split()[1] in FOREIGN, command
            made.append(part)
            continue
        _, *words = shlex.split(command[2:].replace("\\\n", ""))
        status, out, error = run(*words)
        made.append(f"{command}\n{out}{error}" if shown or status else f"{command}\n")
    return "".join(made)


def rewritten(page: str, run: Any) -> str:
    """The page with what its blocks print now."""
    changes = [(one, printed) for one, _, printed in outputs(page, run, {"__name__": "__main__"})]
    for block, printed in reversed(changes):
        page = page[: block.start] + printed + page[block.end :]
    return page


def _run(*words: str) -> tuple[int, str, str]:
    """The command line in this process."""
    from bbpscape import cli

    out, error = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["bbpscape", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            cli.main()
    except SystemExit as done:
        return int(done.code or 0), out.getvalue(), error.getvalue()
    finally:
        sys.argv = before
    return 0, out.getvalue(), error.getvalue()


if __name__ == "__main__":
    for name in map(Path, sys.argv[1:]):
        path = name.resolve()
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            os.environ.setdefault("MPLBACKEND", "Agg")
            path.write_text(rewritten(path.read_text(encoding="utf-8"), _run), encoding="utf-8")
