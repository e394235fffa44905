"""A student that learns from fresh data: its path, and the Hessian on data it has not seen."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import boolean, positive
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, named_m2, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed, draw_seed
from bbpscape.core.statistics import Estimate
from bbpscape.core.status import CONVERGED, Status
from bbpscape.experiments.online_hessian import OnlineHessian, hessians
from bbpscape.experiments.online_sample import OnlineSample, both_m2, sample_of
from bbpscape.experiments.online_start import check_online, learnt, random_start
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.online.stream import OnlineDraw
from bbpscape.simulation.online.stream import stream as learn
from bbpscape.simulation.parallel import check_workers, gathered, ordered_map
from bbpscape.theory.online.path import follow

TOGETHER = 16
# Of Q and m, that the quadrature should keep to.
GOAL = 2e-2
ROUNDING = 1e-13


@result
class OnlinePath(Result):
    """The order parameters of one-pass SGD against t, steps over N.

    ``gram`` is Q = w_k·w_k'/N, (T, p, p), ``overlap`` is m = w*_l·w_k/N, (T, p*, p), ``loss`` is
    E ℓ. ``m2`` = ‖m‖_*²/(p* Tr Q) has the nuclear norm of m, ``m2_frobenius`` the Frobenius norm;
    they are one at p* = 1 or p = 1. ``stopped`` is when the theory diverged, ``quadrature_error``
    the largest change of Q and m with sparser nodes. ``sample`` is the simulation.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(1, 1, "square", "tanh", overlap=0.1)
    >>> path = bb.online(model, rate=1.0, times=[0, 1])
    >>> path.gram.shape, path.overlap[0].tolist()
    ((2, 1, 1), [[0.1]])
    """

    model: TeacherStudent
    rate: float
    sphere: bool
    times: NDArray[np.float64]
    gram: NDArray[np.float64]
    overlap: NDArray[np.float64]
    loss: NDArray[np.float64]
    m2: NDArray[np.float64]
    m2_frobenius: NDArray[np.float64]
    stopped: float | None
    quadrature_error: float
    N: int
    draws: int
    seed: int
    alpha: float
    sample: OnlineSample | None
    hessian: tuple[OnlineHessian, ...]

    @property
    def status(self) -> Status:
        if self.stopped is not None:
            return Status(f"the student diverges at t = {self.stopped:.4g}", "take a smaller rate")
        if self.sample is not None and self.sample.diverged:
            lost = counted(self.sample.diverged, "draw")
            return Status(f"{lost} of {self.draws} diverged", "take a smaller rate or a larger N")
        if self.quadrature_error > GOAL:
            return Status(
                f"the quadrature changes Q and m by up to {self.quadrature_error:.1g}",
                "trust no more digits than that; narrower models are solved more exactly",
            )
        return CONVERGED

    def student(self, index: int) -> TeacherStudent:
        """The model at the student of ``times[index]``, for a Hessian on independent data.

        Parameters
        ----------
        index : int
            Of ``times``.

        Returns
        -------
        TeacherStudent
            Its Gram matrix and overlap are those of that time.

        Examples
        --------
        >>> import bbpscape as bb
        >>> model = bb.TeacherStudent(1, 1, "square", "tanh", overlap=0.1)
        >>> bb.online(model, rate=1.0, times=[0, 1]).student(0).overlap
        ((0.1,),)
        """
        return learnt(self.model, self.gram[index], self.overlap[index])

    def headline(self) -> str:
        how = "one-pass SGD on the sphere" if self.sphere else "one-pass SGD"
        simulated = {"N": self.N, "draws": self.draws} if self.draws else {}
        return f"{how}, {self.model.label(rate=self.rate, **simulated)}"

    def report(self) -> Report:
        """The path, then the Hessian at the chosen times, each beside the simulation."""
        wide = self.model.p_star
        norms = ("nuclear", "Frobenius")[: 1 if wide == 1 else 2]
        names = ["t", "loss", *(named_m2(wide, norm) for norm in norms)]
        if self.sample is not None:
            names += ["loss measured", *(f"{named_m2(wide, norm)} measured" for norm in norms)]
        rows = []
        for i, t in enumerate(self.times):
            cells = [
                f"{t:g}",
                f"{self.loss[i]:.5g}",
                *(f"{one[i]:.5g}" for one in (self.m2, self.m2_frobenius)[: len(norms)]),
            ]
            if self.sample is not None:
                both = (self.sample.m2, self.sample.m2_frobenius)[: len(norms)]
                cells += [_shown(one[i]) for one in (self.sample.loss, *both)]
            rows.append(cells)
        tables = [Table(self.headline(), names, rows)]
        if self.hessian:
            title = f"Hessian on independent data, alpha = {self.alpha:g}"
            m2 = named_m2(wide)
            heads = ("t", "copies", "edge", "outlier", m2, "outlier measured", f"{m2} measured")
            tables.append(Table(title, heads, [one.cells() for one in self.hessian]))
        notes = dict.fromkeys(one.note for one in self.hessian if one.note)
        if len(self.times) > 1 and not self.overlap.any():
            notes["m stays 0: give an overlap, or start_N for that of a random student"] = None
        if not self.status.ok:
            notes[str(self.status)] = None
        return Report(tables, list(notes))

    def columns(self) -> Mapping[str, Any]:
        """One row a time: m², loss, each entry of Q and m, and the simulation with its errors."""
        found: dict[str, Any] = {"t": self.times}
        found |= {"loss": self.loss, "m2": self.m2, "m2_frobenius": self.m2_frobenius}
        p, p_star = self.gram.shape[1], self.overlap.shape[1]
        pairs = [(i, j) for i in range(p) for j in range(i, p)]
        found |= {f"Q_{i + 1}{j + 1}": self.gram[:, i, j] for i, j in pairs}
        both = [(i, j) for i in range(p_star) for j in range(p)]
        found |= {f"m_{i + 1}{j + 1}": self.overlap[:, i, j] for i, j in both}
        if self.sample is not None:
            for name in ("loss", "m2", "m2_frobenius"):
                values: tuple[Estimate, ...] = getattr(self.sample, name)
                found[f"{name}_measured"] = [one.mean for one in values]
                found[f"{name}_error"] = [one.standard_error for one in values]
        return found


@shows_progress
def online(
    model: TeacherStudent,
    rate: float = 0.01,
    times: Sequence[float] = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0),
    N: int = 500,
    draws: int = 0,
    seed: Seed = 0,
    start_N: int | None = None,
    hessian: Sequence[float] | None = None,
    alpha: float = 3.0,
    *,
    sphere: bool = False,
    workers: int | None = None,
    progress: Telling = None,
) -> OnlinePath:
    """Learn from fresh samples, each seen once: Q, m, loss and m² against t, steps over N.

    A step is w ← w − η ∂ℓ/∂w at one new sample, whose inputs have variance 1/N; in theory N → ∞.
    The student is not held on the sphere: its norms, Q_kk, move too.

    Parameters
    ----------
    model : TeacherStudent
        With standard inputs. Its Gram matrix and overlap are those of the student at t = 0.
    rate : float
        Learning rate η. The model of the source at a = 0.01 diverges from about 0.02 on.
    times : sequence of float
        At which t the path is told, rising, from 0 on.
    N : int
        Dimension of the simulation.
    draws : int
        Students that are simulated; 0 for the theory alone.
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone.
    start_N : int, optional
        Start from a random student of this dimension, by the seed: its overlaps have a variance of
        1/N. Without it they are the model's own, and an even activation never leaves 0.
    hessian : sequence of float, optional
        Those of ``times`` at which the Hessian on independent samples is looked at.
    alpha : float
        Samples per dimension of that Hessian.
    sphere : bool
        Scale every neuron back to its first length at each step.
    workers : int, optional
        Processes of one thread each, 1 by default. Results do not depend on it.
    progress : function or False, optional
        Called with the number of parts that are done, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    OnlinePath
        Overlaps and loss along the way, in theory and measured.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.
    NoConvergence
        If the differential equations could not be solved.

    References
    ----------
    theory.md. Saad and Solla (1995).

    Examples
    --------
    >>> from bbpscape.model.losses import Square
    >>> path = online(TeacherStudent(1, 1, Square(), "tanh", overlap=0.1), 1.0, [0, 10])
    >>> path.m2.round(3).tolist()
    [0.01, 0.994]
    """
    chosen, at, counts = check_online(model, times, hessian, N, draws)
    rate, alpha, seed = positive("rate", rate, 1e6), positive("alpha", alpha), check_seed(seed)
    sphere, count = boolean("sphere", sphere), 1 if workers is None else check_workers(workers)
    begun = model if start_N is None else random_start(model, start_N, seed)
    total = 2 + counts[1] + len(at)
    done = 0

    def tell(more: int = 1) -> None:
        nonlocal done
        done += more
        if progress:
            progress(done, total)

    path = follow(begun, rate, chosen, sphere, tell)
    made = _learn(begun, rate, chosen, counts, seed, sphere, count, tell)
    reached = [(i, float(t)) for i, t in enumerate(path.times) if float(t) in at]
    students = [learnt(begun, path.gram[i], path.overlap[i]) for i, _ in reached]
    found = []
    for (i, t), student in zip(reached, students, strict=True):
        found.append(hessians(student, alpha, counts[0], i, t, made))
        tell()
    nuclear, frobenius = both_m2(path.gram, path.overlap)
    sample = sample_of(made, len(path.times)) if made else None
    return OnlinePath(
        begun, rate, sphere, path.times, path.gram, path.overlap, path.loss, nuclear, frobenius,
        path.stopped, path.error, *counts, seed, alpha, sample, tuple(found),
    )  # fmt: skip


def _learn(
    model: TeacherStudent,
    rate: float,
    times: NDArray,
    sizes: tuple[int, int],
    seed: int,
    sphere: bool,
    workers: int,
    tell: Callable[[int], None],
) -> list[OnlineDraw]:
    N, draws = sizes
    if not draws:
        return []
    p = int(model.p)
    require_memory(lambda n: 8 * draws * n * (len(times) * p + 2 * model.p_star), N)
    name = f"one-pass SGD of {model.identity(1.0, N)}"
    seeds = [draw_seed(name, seed, i) for i in range(draws)]
    together = min(TOGETHER, -(-draws // workers))
    batches = [seeds[i : i + together] for i in range(0, draws, together)]
    run = functools.partial(_batch, model, rate, times, N, sphere)
    told = 0

    def more(done: int, _: int) -> None:
        nonlocal told
        tell(done - told)
        told = done

    return gathered(ordered_map(run, batches, workers), draws, more)


def _batch(
    model: TeacherStudent,
    rate: float,
    times: NDArray,
    N: int,
    sphere: bool,
    seeds: Sequence[np.random.SeedSequence],
) -> list[OnlineDraw]:
    return learn(model, rate, times, N, seeds, sphere)


def _shown(one: Estimate) -> str:
    """Without an error that is rounding, as of what all draws start with."""
    if one.mean is None:
        return ""
    error = one.standard_error
    return with_error(one.mean, None if error is None or error < ROUNDING else error)
