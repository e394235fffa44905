"""The theory of single draws against diagonalization: 30 committees, 200 draws each, 15 networks.

    python -m benchmarks.draws            # what benchmarks/draws.csv lacks, model by model
    python -m benchmarks.draws --print    # the table of finite-size.md

Every draw is diagonalized, and predicted from its own coordinates as the column ``finite N`` of
``compare`` is. Committees are drawn by a seed: p 1…4, p* 1…3, a 0.02…3, N 150…600, α 1.2…3 α_BBP.
To make the file anew takes about 35 minutes of one core; delete lines of it to make those anew.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import bbpscape as bb
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.theory.finite.draw_copies import solve_copies
from bbpscape.theory.finite.draw_law import DrawLaw

FILE = Path(__file__).with_name("draws.csv")
COMMITTEES, DRAWS, NETWORK_DRAWS = 30, 200, 40
# Of the rest of a draw; draws whose predictions are kept beside the means.
SAMPLES, FIRST = 8, 3
NUMBERS = ("eigenvalue", "m2", "split")
COLUMNS = (
    *("kind", "index", "model", "alpha", "N", "draws", "scale"),
    *(f"{name}{what}" for name in NUMBERS for what in ("", "_theory", "_error", "_first")),
)


@dataclass(frozen=True)
class Case:
    """A model and its sizes; ``index`` is part of the seeds."""

    kind: str
    index: int
    model: bb.TeacherStudent
    alpha: float
    N: int

    @property
    def copies(self) -> int:
        return int(self.model.p) * self.model.p_star

    def draw(self, draw: int) -> tuple[np.ndarray, np.ndarray]:
        """(measured, predicted): eigenvalue and m², means over the p p* lowest, their spread; of
        the prediction the Tracy–Widom scale too."""
        one = bb.draw(self.model, self.alpha, self.N, 0, draw)
        pairs = lowest_dense(one.hessian, self.copies)
        m2 = teacher_overlap(pairs.eigenvectors, one.teacher_basis)
        measured = (pairs.eigenvalues.mean(), m2.mean(), pairs.eigenvalues.std())
        return np.array(measured), self.predict(one, draw)

    def predict(self, one, draw: int) -> np.ndarray:
        V = np.linalg.qr(np.concatenate([one.student, one.teacher]).T)[0]
        rows = np.sqrt(self.N) * one.inputs @ V
        law = DrawLaw.of(one.curvature, rows, V.T @ one.teacher_basis, self.N)
        generator = np.random.default_rng([5, self.index, draw])
        found = solve_copies(law, self.copies + 1, generator, SAMPLES)
        values, m2 = found.eigenvalues[:, : self.copies], found.m2[:, : self.copies]
        return np.array([values.mean(), m2.mean(), values.std(axis=1).mean(), found.scale])

    def row(self, measured: np.ndarray, predicted: np.ndarray) -> dict[str, object]:
        """The line of the table; arrays of shape (draws, 3) and (draws, 4)."""
        gaps = measured - predicted[:, :3]
        errors = gaps.std(axis=0, ddof=1) / len(gaps) ** 0.5
        # On its inputs' coordinates alone a single copy has no spread.
        row = {
            "kind": self.kind,
            "index": self.index,
            "model": self.model.label(),
            "alpha": self.alpha,
            "N": self.N,
            "draws": len(gaps),
            "scale": f"{predicted[:, 3].mean():.6g}",
        }
        for k, name in enumerate(NUMBERS):
            row[name] = f"{measured[:, k].mean():.6g}"
            row[f"{name}_theory"] = f"{predicted[:, k].mean():.6g}"
            row[f"{name}_error"] = f"{errors[k]:.3g}"
            row[f"{name}_first"] = f"{predicted[:FIRST, k].mean():.8g}"
        return row


def committee(index: int) -> Case:
    """One of the models that the seed draws."""
    generator = np.random.default_rng([23, index])
    p, p_star = int(generator.integers(1, 5)), int(generator.integers(1, 4))
    a = float(np.round(np.exp(generator.uniform(np.log(0.02), np.log(3))), 4))
    N = int(10 * round(generator.uniform(150, min(600, 900 / p)) / 10))
    model = bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a))
    alpha = generator.uniform(1.2, 3) * bb.threshold(model).alpha_bbp
    return Case("committee", index, model, round(float(alpha), 3), N)


def networks() -> list[Case]:
    """relu, gelu and softplus with the square loss, which has no left edge as N → ∞ for the last
    two, and others."""
    noisy = bb.loss("absolute-normalized-square", 0.5)
    some = [
        (2, 1, "square", "softplus", {}, 8, 150),
        (1, 1, "square", "softplus", {}, 12, 200),
        (2, 2, "square", "softplus", {}, 12, 150),
        (2, 1, "square", "gelu", {}, 10, 150),
        (1, 1, "square", "gelu", {}, 15, 250),
        (2, 1, "square", "relu", {}, 10, 150),
        (1, 1, bb.NormalizedSquare(1.0), "relu", {}, 20, 200),
        (2, 1, bb.NormalizedSquare(50.0), "tanh", {}, 10, 200),
        (2, 1, "square", "tanh", {}, 6, 200),
        (2, 1, "square", "erf", {}, 8, 200),
        (2, 1, bb.NormalizedSquare(0.3), "log-cosh", {}, 4, 200),
        (2, 1, "huber", "quadratic", {}, 5, 200),
        (2, 1, "huber", "softplus", {}, 20, 150),
        (2, 1, noisy, "quadratic", {"labels": bb.Labels(0.1)}, 4, 200),
        (2, 1, bb.NormalizedSquare(0.5), "quadratic", {"overlap": 0.2}, 4, 200),
    ]
    return [
        Case("network", 100 + i, bb.TeacherStudent(p, q, loss, activation=s, **more), alpha, N)
        for i, (p, q, loss, s, more, alpha, N) in enumerate(some)
    ]


def read() -> list[dict[str, str]]:
    """The lines of the file."""
    if not FILE.exists():
        return []
    with FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(rows: list[dict]) -> None:
    rows = sorted(rows, key=lambda row: int(row["index"]))
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def scores(rows: list[dict], name: str, error: float = 0.0) -> np.ndarray:
    """z of a number over models, with what its theory is expected to be off by."""
    gap, own = (np.array([float(row[key]) for row in rows]) for key in (name, f"{name}_error"))
    theory = np.array([float(row[f"{name}_theory"]) for row in rows])
    return (gap - theory) / np.hypot(own, error)


def compute() -> None:
    rows = read()
    known = {int(row["index"]) for row in rows}
    for case in [*(committee(i) for i in range(COMMITTEES)), *networks()]:
        if case.index in known:
            continue
        draws = DRAWS if case.kind == "committee" else NETWORK_DRAWS
        measured, predicted = map(np.array, zip(*map(case.draw, range(draws)), strict=True))
        rows.append(case.row(measured, predicted))
        write(rows)
        print(case.index, case.model.label(), file=sys.stderr, flush=True)


def show() -> None:
    print("| model | α, N, draws | λ: theory, measured, z | m²: theory, measured, z | split |")
    print("|---|---|---|---|---|")
    for row in read():
        cells = [row["model"], f"{row['alpha']}, {row['N']}, {row['draws']}"]
        for name in ("eigenvalue", "m2"):
            (z,) = scores([row], name)
            theory, value, error = (
                float(row[key]) for key in (f"{name}_theory", name, f"{name}_error")
            )
            cells.append(f"{theory:.4g}, {value:.4g} ± {error:.2g}, {z:+.1f}")
        split = float(row["split"])
        cells.append(f"{float(row['split_theory']) / split:.2f}" if split > 1e-9 else "")
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true")
    show() if parser.parse_args().print else compute()
