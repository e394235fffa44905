"""Every command of the pages is run, at a small size: those in consoles are run by the tests."""

import contextlib
import os
import re
import shlex
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from tests import doc_pages

ROOT = Path(__file__).parents[2]
# What has no place in a build, and why.
ELSEWHERE = {
    "explore": "serves a page until it is stopped: tests/explore",
    "--device": "needs a GPU: tests/simulation/test_devices.py",
    "--scheduler": "needs a cluster: tests/study/test_cluster.py",
    "u1*u2": "half a minute with huber: tests/agreement/test_teachers_against_simulation.py",
}
AT_MOST = {"--N": 40, "--start-N": 40, "--draws": 2, "--k": 4}
FEWER = ("--alpha", "--a", "--beta", "--times")
# A process of its own takes longer to start than these to run.
MORE = {
    "photograph": ["--side", "8", "--steps", "5"],
    "hessian-along": ["--at", "0,10"],
    "recovery": ["--workers", "1", "--steps", "20", "--draws", "2"],
    "spectrum": ["--points", "20"],
    "study run": ["--workers", "1"],
}
STUDY = """
draws = 10
observables = ["lowest", "m2", "phi", "teacher_mass"]
[model]
p = 1
p_star = 1
a = 2.0
[axes]
alpha = [0.4, 0.8, 1.2]
N = [20, 40]
"""


def commands(page: str) -> list[str]:
    """The indented command lines of a page."""
    page = page.replace("\\\n", " ")
    found = re.findall(r"^[ \t]+bbpscape ([^:\n][^\n]*)$", page, re.M)
    return [one.partition("  #")[0].strip() for one in found]


def smaller(text: str) -> list[str]:
    """The words of a command, of a size that takes a second."""
    words = iter(shlex.split(text))
    made = []
    for word in words:
        made.append(word)
        if word in AT_MOST:
            sizes = (int(float(one)) for one in next(words).split(","))
            few = (min(one, AT_MOST[word] * 2**i) for i, one in enumerate(sizes))
            made.append(",".join(map(str, few)))
        elif word in FEWER:
            made.append(re.sub(r"^([^:]+:[^:]+):\d+", r"\1:3", next(words)))
        elif word == "--at":
            made.pop()
            next(words)
    more = MORE.get(made[0], MORE.get(" ".join(made[:2]), []))
    pairs = zip(more[::2], more[1::2], strict=True)
    return made + [one for pair in pairs if pair[0] not in made for one in pair]


def _prepared(page: str) -> None:
    """What the commands of a page read, and the studies that it states."""
    rows = np.random.default_rng(0).standard_normal((600, 12))
    np.save("patches.npy", rows)
    np.savetxt("genes.csv", rows, delimiter=",")
    np.savez("digits.npz", images=np.random.default_rng(0).standard_normal((600, 64)))
    if "phi.toml" in page:
        Path("phi.toml").write_text(STUDY, encoding="utf-8")
        doc_pages._run("study", "run", "phi.toml", "--workers", "1")
    for name, text in re.findall(r"`(\w+\.toml)`:\n\n```toml\n(.*?)```", page, re.S):
        for key, size in (("draws", 2), ("N", 20), ("steps", 20)):
            text = re.sub(rf"^{key} = \d+", f"{key} = {size}", text, flags=re.M)
        Path(name).write_text(text, encoding="utf-8")


def run(page: str) -> Iterator[tuple[str, int, str]]:
    """(command, exit status, what it said on standard error) of each, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _prepared(page)
        for text in commands(page):
            if set(ELSEWHERE) & set(shlex.split(text)):
                continue
            status, _, error = doc_pages._run(*smaller(text))
            yield text, status, error
            if text.startswith("study init"):
                Path(shlex.split(text)[-1]).write_text(STUDY, encoding="utf-8")


def _check(app: Sphinx) -> None:
    os.environ.setdefault("MPLBACKEND", "Agg")
    began, count, found = time.process_time(), 0, []
    for path in [ROOT / "README.md", *sorted(Path(app.srcdir).rglob("*.md"))]:
        if path.name in ("cli.md", "figures.md"):
            continue
        for text, status, error in run(path.read_text(encoding="utf-8")):
            count += 1
            if status:
                found.append(f"{path.name}: bbpscape {text}: {error.strip()}")
    if found:
        raise ExtensionError("commands of the pages fail: " + "; ".join(found))
    spent = time.process_time() - began
    logging.getLogger(__name__).info("%d commands of the pages run in %.0f s", count, spent)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
