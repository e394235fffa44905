"""What every figure shares: data with their origin, studies that resume, one style, two files."""

import json
import math
import platform
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

import bbpscape as bb
from bbpscape.core.files import replacing
from bbpscape.plots.style import STYLE

HERE = Path(__file__).parent
WORK = HERE / "work"
SIZES = ("smallest", "quick", "full")
DIGITS = 10
# Where φ and descents are computed: cpu, cuda or torch-cpu; the same draws everywhere.
device = "cpu"
# Okabe and Ito's colours, ordered so that they differ in grey as well.
COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = "osD^vP*"
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (2, 1)))
PANEL = (3.4, 2.6)  # inches: a panel is as wide as a column of the paper

# A table: columns of equal length, by name.
Table = dict[str, list[Any]]


@dataclass
class Data:
    """The tables of a figure, and where they come from.

    ``seconds`` is None where a run went on with what another had computed.
    """

    figure: str
    size: str
    parameters: dict[str, Any]
    tables: dict[str, Table] = field(default_factory=dict)
    seconds: float | None = None

    def write(self, path: Path) -> None:
        origin = {
            "figure": self.figure,
            "command": f"python -m figures {self.size} {self.figure}"
            + ("" if device == "cpu" else f" --device {device}"),
            "versions": {
                **{name: version(name) for name in ("bbpscape", "numpy", "scipy")},
                "python": platform.python_version(),
            },
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "parameters": self.parameters,
        }
        tables = {name: _rounded(table) for name, table in self.tables.items()}
        lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in origin.items()]
        body = ",\n".join(
            f"  {json.dumps(name)}: {{\n"
            + ",\n".join(f"   {json.dumps(k)}: {json.dumps(v)}" for k, v in table.items())
            + "\n  }"
            for name, table in tables.items()
        )
        text = "{\n" + ",\n".join(lines) + ',\n "tables": {\n' + body + "\n }\n}\n"
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Data":
        values = json.loads(path.read_text(encoding="utf-8"))
        size = values["command"].split()[3]
        return cls(values["figure"], size, values["parameters"], values["tables"])


def _rounded(table: Table) -> Table:
    return {name: [_plain(value) for value in column] for name, column in table.items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        if math.isinf(value):
            return "inf"
        return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")
    return value


def rows(table: Table, **wanted: Any) -> list[dict[str, Any]]:
    """The rows of a table in which some columns have given values."""
    every = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    return [row for row in every if all(row[name] == value for name, value in wanted.items())]


def column(table: Table, name: str, **wanted: Any) -> list[Any]:
    """One column of the rows chosen by ``rows``."""
    return [row[name] for row in rows(table, **wanted)]


def table_of(records: list[dict[str, Any]]) -> Table:
    """Columns from rows, all with the same names."""
    return {name: [record[name] for record in records] for name in records[0]}


def run_study(name: str, study: bb.Study, workers: int | None = None) -> Table:
    """The table of a study, computed where it is missing: an interrupted run goes on.

    Its file lies in ``figures/work``; a study that is no extension of the one there is refused by
    name.
    """
    WORK.mkdir(exist_ok=True)
    path = WORK / f"{name}.sqlite"
    results = study.run(path, workers)
    if results.failed:
        raise RuntimeError(f"{results.failed} draws of {path.name} failed: see its status")
    frame = results.to_dataframe().drop(columns=["M", "failed", "undecided", "z"], errors="ignore")
    keep = [name for name in frame if frame[name].nunique(dropna=False) > 1 or name == "draws"]
    frame = frame[keep]
    return {
        str(key): [None if value is None or value != value else value for value in values]
        for key, values in frame.astype(object).where(frame.notna(), None).to_dict("list").items()
    }


def mean_m2(table: Table, copies: int) -> Table:
    """m² of a study's ``total_m2``: its mean over the ``copies`` lowest eigenvectors.

    That of the lowest alone is not N → ∞'s at finite N, where the copies split.
    """
    records = rows(table)
    for row in records:
        if row.get("observable", "total_m2") == "total_m2":
            row["mean"] /= copies
            row["standard_error"] /= copies
            row["observable"] = "m2"
    return table_of(records)


def style():
    """The one style, as a context in which a figure is made and saved."""
    small = {"axes.titlesize": 8, "axes.labelsize": 9, "font.size": 8, "legend.fontsize": 7}
    # A legend hides the lines behind it.
    legend = {"legend.frameon": True, "legend.framealpha": 1.0, "legend.edgecolor": "none"}
    return mpl.rc_context({**STYLE, **small, **legend})


def panels(columns: int, lines: int = 1) -> tuple[Figure, Any]:
    """A figure of panels, each near the width of a column, and its axes, shape (lines, columns)."""
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * lines), layout="constrained")
    return figure, figure.subplots(lines, columns, squeeze=False)


def mark(axes: Any, x: float, text: str, linestyle: str = "-", high: bool = False) -> None:
    """A vertical line at x with its name at the foot, or at the head where it is ``high``."""
    axes.axvline(x, color="black", linewidth=1.0, linestyle=linestyle)
    place = {
        "xytext": (3, -9 if high else 3),
        "textcoords": "offset points",
        "xycoords": ("data", "axes fraction"),
    }
    axes.annotate(text, (x, 1.0 if high else 0.0), **place)


def points(axes: Any, found: list[dict[str, Any]], index: int, x: str = "alpha", **options: Any):
    """Simulation: points with error bars in the index-th colour and marker."""
    axes.errorbar(
        [row[x] for row in found],
        [row["mean"] for row in found],
        [row["standard_error"] for row in found],
        color=COLOURS[index],
        marker=MARKERS[index],
        **{"linestyle": "none", "linewidth": 0.9, "markersize": 3.5, "capsize": 1.5, **options},
    )


def save(figure: Figure, folder: Path) -> None:
    """figure.png and figure.pdf, with nothing in them that changes from run to run."""
    figure.savefig(folder / "figure.png", dpi=200, metadata={"Software": None})
    none = {"CreationDate": None, "Producer": None, "Creator": None}
    figure.savefig(folder / "figure.pdf", metadata=none)


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
