"""Where gradient descent ends, against α: computed and drawn for figures 9 and 10."""

from typing import Any

from matplotlib.figure import Figure
from scipy.optimize import brentq

import bbpscape as bb
from bbpscape.core.statistics import Fraction
from figures import kit
from figures.kit import COLOURS, DASHES, MARKERS, Data, Table, points, rows, run_study, table_of


def _of(draws: int, alpha: list[float], widths: list[int], **more: Any) -> dict[str, Any]:
    """α (first, last, count, in units of p*), widths p; steps or a method if they are others."""
    return {"draws": draws, "alpha": alpha, "widths": widths, **more}


# Each table, a start and N, by p*. The same draws of α and p whatever the start.
SIZES: dict[str, dict[str, Any]] = {
    "smallest": {
        "steps": 400,
        "half_draws": 16,
        "tables": {
            "random-40": {p_star: _of(10, [0.8, 4.8, 2], [2]) for p_star in (1, 2)},
            "hessian-40": {1: _of(10, [0.8, 4.8, 2], [2])},
        },
    },
    "quick": {
        "steps": 1500,
        "half_draws": 50,
        "tables": {
            "random-100": {
                1: _of(15, [1, 4.5, 6], [1, 2, 4]),
                2: _of(15, [1, 4.5, 6], [2, 4]),
            },
            "random-200": {1: _of(10, [1, 4.5, 6], [1, 2, 4])},
            "hessian-100": {1: _of(15, [1, 4.5, 6], [1, 2, 4])},
        },
    },
    "full": {
        "steps": 4000,
        "half_draws": 200,
        "tables": {
            "random-500": {
                1: _of(20, [0.75, 4.25, 8], [1, 2, 4, 8]),
                2: _of(20, [0.75, 4.25, 8], [2, 4, 8]),
            },
            "random-1000": {
                1: _of(10, [1.25, 3.25, 5], [1, 2, 4]),
                2: _of(20, [0.75, 4.25, 8], [2, 4, 8]),
            },
            "random-2000": {
                1: _of(10, [1.25, 3.25, 5], [1, 2, 4, 8]),
                2: _of(10, [1.25, 3.25, 5], [2, 4, 8]),
            },
            "hessian-500": {
                1: _of(20, [0.75, 3.75, 7], [1, 2, 4, 8]),
                2: _of(20, [0.75, 3.75, 7], [2, 4, 8]),
            },
            "random-500-flow": {1: _of(20, [1.25, 3.25, 5], [1, 2, 4], method="flow")},
            "random-500-longer": {1: _of(6, [2.25, 2.75, 2], [2, 4], steps=[4000, 16000])},
        },
    },
}
OBSERVABLES = ("final_m2", "final_m2_frobenius", "descent_m2", "converged", "recovered")


def compute(figure: str, a: float, seed: int, size: str) -> Data:
    s = SIZES[size]
    data = Data(figure, size, {"a": a, "seed": seed, **s})
    data.tables["thresholds"] = table_of(_thresholds(a, seed, s))
    for name, table in s["tables"].items():
        found: list[dict[str, Any]] = []
        for p_star in table:
            found += rows(_descents(f"{figure}-{name}-{p_star}-{size}", a, seed, s, name, p_star))
        data.tables[name] = table_of(found)
    return data


def _thresholds(a: float, seed: int, s: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, table in s["tables"].items():
        start, N, *longer = name.split("-")
        new = start == "random" and not longer
        for p_star, run in table.items() if new else ():
            for p in run["widths"]:
                model = bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a))
                law = bb.threshold(model)
                row = {"N": int(N), "p": p, "p_star": p_star}
                row |= {"alpha_bbp": law.alpha_bbp, "alpha_0": law.alpha_0}
                row |= {"alpha_quarter": _quarter(model, law.alpha_bbp)}
                half = bb.finite.half_alpha(model, int(N), s["half_draws"], seed, by="labels")
                more = {"alpha_half": half.alpha, "alpha_half_error": half.standard_error}
                found.append(row | more)
    return found


def _quarter(model: bb.TeacherStudent, alpha_bbp: float) -> float:
    """α at which m² of the Hessian's lowest eigenvectors is ¼ in theory."""

    def beyond(alpha: float) -> float:
        return float(bb.overlap_curve(model, [alpha]).m2[0]) - 0.25

    first = alpha_bbp * (1 + 1e-9)
    return first if beyond(first) > 0 else float(brentq(beyond, first, 20 * alpha_bbp))


def _descents(
    study_name: str, a: float, seed: int, s: dict[str, Any], name: str, p_star: int
) -> Table:
    """A start and N, of the widths of one p*."""
    start, N, *_ = name.split("-")
    run = s["tables"][name][p_star]
    first, last, count = run["alpha"]
    study = bb.Study(
        bb.TeacherStudent(1, p_star, bb.NormalizedSquare(a)),
        {
            "N": int(N),
            "start": start,
            "steps": run.get("steps", s["steps"]),
            "until": "end",
            "method": run.get("method", "gd"),
            "p": run["widths"],
            "alpha": f"{first * p_star}:{last * p_star}:{count}",
        },
        OBSERVABLES,
        run["draws"],
        seed=seed,
        block=run["draws"],
        theory=False,
        precision="float32",
        device=kit.device,
    )
    found = run_study(study_name, study)
    # What does not vary has no column.
    single = {"p": run["widths"][0], "p_star": p_star, "steps": s["steps"]}
    names = ("p", "p_star", "alpha", "steps", "observable", "mean", "standard_error", "draws")
    return {key: found.get(key, [single.get(key)] * len(found["mean"])) for key in names}


def widths_of(data: Data) -> dict[int, list[int]]:
    """The widths p of each p* in any of the tables."""
    found: dict[int, set[int]] = {}
    for table in data.parameters["tables"].values():
        for p_star, run in table.items():
            found.setdefault(int(p_star), set()).update(run["widths"])
    return {p_star: sorted(widths) for p_star, widths in sorted(found.items())}


def plot(data: Data) -> Figure:
    given, widths = data.parameters, widths_of(data)
    every = sorted(set().union(*widths.values()))
    figure = Figure(figsize=(2.2 * len(every), 1.75 * 2 * len(widths)), layout="constrained")
    grid = figure.subplots(2 * len(widths), len(every), sharex=True, sharey=True, squeeze=False)
    for p_star, two in zip(widths, (grid[i : i + 2] for i in range(0, len(grid), 2)), strict=True):
        for column, p in zip(two.T, every, strict=True):
            if p not in widths[p_star]:
                for axes in column:
                    axes.set_axis_off()
                continue
            _m2(column[0], data, p, p_star)
            _recovered(column[1], data, p, p_star)
            column[0].set_title(f"$p^* = {p_star}$, $p = {p}$")
            column[1].tick_params(labelbottom=True)
        shown = every.index(widths[p_star][0])
        for axes, name in zip(two[:, shown], ("final $m^2$", "reach $m^2 = 0.9$"), strict=True):
            axes.set_ylabel(name)
            axes.tick_params(labelleft=True)
    handles: dict[str, Any] = {}
    for column in grid.T:
        drawn = [axes for axes in column if axes.axison]
        drawn[-1].set_xlabel(r"$\alpha/p^*$")
        drawn[-1].tick_params(labelbottom=True)
        for axes in drawn:
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
    place = {"loc": "outside lower center", "ncols": 3, "handlelength": 3.5}
    figure.legend(handles.values(), handles.keys(), **place)
    figure.suptitle(
        f"descent to its end, $a = {given['a']:g}$, at most {given['steps']} steps", fontsize=8
    )
    return figure


def _drawn(data: Data) -> list[str]:
    """The tables of a panel: longer runs are of other draws, and stand in the text."""
    return [name for name in data.parameters["tables"] if not name.endswith("longer")]


def _open(i: int) -> dict[str, str]:
    """Every other marker is open."""
    return {"markerfacecolor": "white"} if i % 2 else {}


def _label(data: Data, name: str) -> str:
    start, N, *rest = name.split("-")
    runs = data.parameters["tables"][name].values()
    draws = " or ".join(map(str, sorted({run["draws"] for run in runs})))
    more = ", gradient flow" if "flow" in rest else ""
    return f"{start.replace('h', 'H')} start, $N = {N}$, {draws} draws{more}"


def _scaled(found: list[dict[str, Any]], p_star: int) -> list[dict[str, Any]]:
    return [row | {"alpha": row["alpha"] / p_star} for row in found]


def _m2(axes: Any, data: Data, p: int, p_star: int) -> None:
    """Mean m² at the end, by the nuclear norm, and the Frobenius norm where it is another."""
    for i, name in enumerate(_drawn(data)):
        found = rows(data.tables[name], observable="final_m2", p=p, p_star=p_star)
        if found:
            style = {"label": _label(data, name), "linestyle": DASHES[i], "markersize": 3}
            points(axes, _scaled(found, p_star), i, **style, **_open(i))
    # One table by the other norm: the largest difference is in the text.
    found = rows(data.tables[_drawn(data)[0]], observable="final_m2_frobenius", p=p, p_star=p_star)
    if found and p_star > 1:
        alpha, m2 = ([row[key] for row in _scaled(found, p_star)] for key in ("alpha", "mean"))
        label = f"{_label(data, _drawn(data)[0])}, Frobenius norm"
        axes.plot(alpha, m2, "x", color="0.45", markersize=4.5, label=label)
    _thresholds_of(axes, data, p, p_star)
    axes.set_ylim(0, 1.03)


def _thresholds_of(axes: Any, data: Data, p: int, p_star: int) -> None:
    law = rows(data.tables["thresholds"], p=p, p_star=p_star)[0]
    axes.axvline(law["alpha_bbp"] / p_star, color="black", label=r"$\alpha_{\mathrm{BBP}}$")
    if law["alpha_0"] < law["alpha_bbp"]:
        half = rf"$\alpha_{{1/2}}$, $N = {law['N']}$"
        kind = {"color": "0.4", "linewidth": 1.0}
        axes.axvline(law["alpha_half"] / p_star, linestyle="--", label=half, **kind)
        axes.axvline(law["alpha_0"] / p_star, linestyle=":", label=r"$\alpha_0$", **kind)


def _recovered(axes: Any, data: Data, p: int, p_star: int) -> None:
    """The fraction of draws that reach m² = 0.9 on their way, with Wilson's interval."""
    for i, name in enumerate(_drawn(data)):
        found = rows(data.tables[name], observable="recovered", p=p, p_star=p_star)
        each = [Fraction(round(row["mean"] * row["draws"]), int(row["draws"])) for row in found]
        value = [one.value for one in each]
        below = [one.value - one.interval[0] for one in each]
        above = [one.interval[1] - one.value for one in each]
        style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": DASHES[i], **_open(i)}
        # Beside each other, where they are the same.
        alpha = [row["alpha"] / p_star + 0.03 * (i - 2) for row in found]
        axes.errorbar(
            alpha, value, (below, above), markersize=3, linewidth=0.9, capsize=1.5, **style
        )
    _thresholds_of(axes, data, p, p_star)
