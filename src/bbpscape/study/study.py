"""A study: many points of a model with theory beside them, stated in Python or in a TOML file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from numpy.typing import ArrayLike

from bbpscape.core.checks import InvalidInput
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.layers import common_overlap
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs, inputs_of
from bbpscape.study.axes import OWN
from bbpscape.study.definition import Definition
from bbpscape.study.objects import NUMBERS
from bbpscape.study.observable import Observable
from bbpscape.study.paths import store_path
from bbpscape.study.plan import Plan, make_plan
from bbpscape.study.results import StudyResults, read_results
from bbpscape.study.runner import run_points
from bbpscape.study.schema import DEFAULTS
from bbpscape.study.store import Store
from bbpscape.study.toml import read_keys


class Study(Definition):
    """Every combination of the axes, with ``draws`` of each, and theory at N → ∞ beside them.

    Draw i of a point depends on the seed, the point's model, α and N, and i: it is that of
    ``draw(model, alpha, N, seed, i)``, ``simulate`` and ``compare``.

    Parameters
    ----------
    model : TeacherStudent
        Its loss and activation may be of your own.
    axes : mapping
        Values of the parameters of the model, of alpha and N and, for descents, of start, method,
        domain, steps and until: one value, a list, an array, a text as "0.5:2:7" or a table with
        start, stop, count and perhaps log.
    observables : sequence of str or Observable
    draws : int
        Of every cell; 0 for theory alone, which needs no N.
    seed : int or Generator
    inputs : Inputs, rows or file, optional
        Your own inputs, as in ``compare``; N is theirs. As an axis: a list of ``Inputs`` or files.
    zipped : sequence of mappings
        Parameters that go together, as lists of one length, among them perhaps draws.
    block : int
        Draws that are computed and written together.
    theory : bool
        Whether the limits N → ∞ stand beside the draws.
    finite_n : bool
        Whether theory at finite N does: as many draws of ``finite.finite_size_law``.
    precision, device : str
        "float64" or "float32"; "cpu", "cuda" or "torch-cpu".
    tolerance : float
        Residual of an eigenpair over the largest eigenvalue found.
    eigensolver : str
        "auto", or "dice": the method of ``simulate`` for an N of up to a million. Its draws are
        others, and have neither eigenvectors nor a Hessian that observables of your own could read.

    Raises
    ------
    InvalidInput
        If an argument is not allowed; every mistake is named.

    Examples
    --------
    >>> model = TeacherStudent(p=1, p_star=1, loss="normalized-square")
    >>> study = Study(model, {"alpha": [2.0, 4.0], "N": 30}, ["lowest"], draws=3)
    >>> study.run(workers=1).to_dataframe()["mean"].count().item()
    8
    """

    def __init__(
        self,
        model: TeacherStudent,
        axes: Mapping[str, Any] | None = None,
        observables: Sequence[str | Observable] = DEFAULTS,
        draws: int = 1,
        seed: Seed = 0,
        *,
        inputs: Inputs | ArrayLike | None = None,
        zipped: Sequence[Mapping[str, Any]] = (),
        block: int = 1,
        theory: bool = True,
        finite_n: bool = False,
        precision: str = "float64",
        device: str = "cpu",
        tolerance: float = 1e-8,
        eigensolver: str = "auto",
    ) -> None:
        axes = {} if axes is None else axes
        for what, given in (("axes", axes), *(("zipped", table) for table in zipped)):
            if not isinstance(given, Mapping):
                raise InvalidInput(f"{what} must map parameters to values, got {given!r}")
        varying = {*axes, *(name for table in zipped for name in table)}
        fixed = {k: v for k, v in _parameters(model).items() if k not in varying}
        if inputs is not None:
            fixed[OWN] = inputs_of(inputs)
        keys = {
            "model": fixed,
            "axes": dict(axes),
            "zipped": [{k: list(v) for k, v in table.items()} for table in zipped],
            "observables": [observables] if isinstance(observables, Observable) else observables,
            "draws": draws,
            "seed": check_seed(seed),
            "block": block,
            "theory": theory,
            "finite_n": finite_n,
            "precision": precision,
            "device": device,
            "tolerance": tolerance,
            "eigensolver": eigensolver,
        }
        vars(self).update(vars(Definition.define(keys)))

    def __repr__(self) -> str:
        return f"<Study of {self.label()}>"

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The study of a TOML file.

        Parameters
        ----------
        path : path
            A .toml file.

        Returns
        -------
        Study
            As the file states it.

        Raises
        ------
        InvalidInput
            If the file cannot be read, is no TOML, or a key or value is not allowed; every mistake
            is named.

        Examples
        --------
        >>> import bbpscape as bb
        >>> with open("first.toml", "w") as file:
        ...     print("model = {p = 1, p_star = 1, a = 2.0}", file=file)
        ...     print("axes = {alpha = [1.0, 2.0], N = [20]}", file=file)
        >>> bb.Study.load("first.toml").plan(workers=1).cells
        2
        """
        return cls.define(read_keys(path))

    def plan(self, path: str | os.PathLike[str] | None = None, workers: int | None = None) -> Plan:
        """What ``run`` would do, and what that takes in time and memory.

        Parameters
        ----------
        path : path, optional
            The file of the study (.sqlite): what it has is not counted again.
        workers : int, optional
            As of ``run``.

        Returns
        -------
        Plan
            Counts, seconds and bytes.

        Raises
        ------
        InvalidInput
            If it would be refused.

        Examples
        --------
        >>> import bbpscape as bb
        >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0], "N": 20}, draws=3)
        >>> study.plan(workers=1).missing_draws
        6
        """
        target = None if path is None else _own(path)
        if target is None or not target.exists():
            return make_plan(self, None, workers)
        with Store(target) as store:
            store.verify()
            return make_plan(self, store, workers)

    @shows_progress
    def run(
        self,
        path: str | os.PathLike[str] | None = None,
        workers: int | None = None,
        executor: Executor | None = None,
        scheduler: str | None = None,
        retry_failed: bool = False,
        progress: Telling = None,
    ) -> StudyResults:
        """Compute what is missing, and return all that there is.

        Parameters
        ----------
        path : path, optional
            The file of the study, which must end in .sqlite: a study that was stopped goes on,
            and a longer one computes only what is new. By default nothing is kept but what is
            returned.
        workers : int, optional
            Local processes of one BLAS thread each, as many as there are cores by default; 1 is
            this process.
        executor : Executor, optional
            Any other ``concurrent.futures.Executor``, left open.
        scheduler : str, optional
            Address of a Dask scheduler, such as "tcp://127.0.0.1:8786".
        retry_failed : bool
            Compute anew what failed before.
        progress : function or False, optional
            Called with a ``Progress`` while workers start, and after every point; by default a line
            on standard error once it takes long, False for silence.

        Returns
        -------
        StudyResults
            Of all points that are finished, those of earlier runs among them.

        Raises
        ------
        InvalidInput
            If the file holds another study, or this one cannot be computed here.
        StoreError
            If the file cannot be written. What was finished is in it.
        ExecutorLost
            If there are no workers, or no longer. What was finished is in the file.

        Examples
        --------
        >>> import bbpscape as bb
        >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0], "N": 20}, draws=3)
        >>> study.run("first.sqlite", workers=1).last_run.done
        8
        >>> study.run("first.sqlite", workers=1).last_run.done
        0
        """
        if path is None:
            with tempfile.TemporaryDirectory(prefix="bbpscape-") as folder:
                found = self.run(
                    Path(folder) / "study.sqlite", workers, executor, scheduler, False, progress
                )
            return replace(found, path=None)
        done = run_points(
            self,
            _own(path),
            workers,
            executor=executor,
            scheduler=scheduler,
            retry_failed=retry_failed,
            progress=progress,
        )
        return read_results(self, done.path, done)

    def results(self, path: str | os.PathLike[str]) -> StudyResults:
        """What the file of this study has so far, also while a run goes on.

        Parameters
        ----------
        path : path
            The file of the study (.sqlite).

        Returns
        -------
        StudyResults
            Of all points that are finished.

        Raises
        ------
        InvalidInput
            If there is no such file, or it holds another study.

        Examples
        --------
        >>> import bbpscape as bb
        >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0], "N": 20}, draws=3)
        >>> done = study.run("first.sqlite", workers=1)
        >>> len(study.results("first.sqlite").rows) == len(done.rows)
        True
        """
        target = _own(path)
        self.plan(target)
        return read_results(self, target)


def open_study(path: str | os.PathLike[str]) -> StudyResults:
    """The results of a study, from its definition (.toml) or its file (.sqlite).

    Everything that is finished is there, also while a run goes on. Points of losses, activations
    and observables that another script made can be read and drawn, and not computed.

    Parameters
    ----------
    path : path
        The study's .toml or .sqlite file.

    Returns
    -------
    StudyResults
        What it has computed so far.

    Raises
    ------
    InvalidInput
        If there is no study, or the file holds something else.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["lowest"], draws=0)
    >>> kept = study.run("first.sqlite", workers=1)
    >>> [row.mean for row in bb.open_study("first.sqlite").rows] == [row.mean for row in kept.rows]
    True
    """
    target = store_path(path)
    with Store(target) as store:
        values = store.definition()
    if values is None:
        raise InvalidInput(f"the study at {str(path)!r} has not begun")
    return read_results(Study.from_dict(values), target)


def _own(path: str | os.PathLike[str]) -> Path:
    """The file of a study that is stated in Python; a TOML file would be another definition."""
    if Path(path).suffix != ".sqlite":
        raise InvalidInput(f"the file of a study must end in .sqlite, got {str(path)!r}")
    return Path(path)


def _parameters(model: TeacherStudent) -> dict[str, Any]:
    """The parameters of a model, its loss, activation and teacher as they are."""
    checked = TeacherStudent.check(model)
    numbers = {k: v for k, v in checked.loss.parameters.items() if k in NUMBERS}
    gram = {} if checked.student_gram is None else {"student_gram": checked.student_gram}
    second = {} if checked.second_layer is None else {"second_layer": checked.second_layer}
    return {
        "p": checked.p,
        "p_star": checked.p_star,
        "loss": checked.loss,
        **numbers,
        "activation": checked.activation,
        **({"teacher": checked.teacher} if checked.own_teacher else {}),
        "label_noise": checked.labels.noise,
        "flip": checked.labels.flip,
        "poisson": checked.labels.poisson,
        **second,
        "overlap": common_overlap(checked.overlap),
        **gram,
        **checked.inputs.to_dict(),
    }
