"""One cell of a study: a model at one α and N, its identity, and the seeds that follow from it."""

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.core.codec import UNRECORDED
from bbpscape.core.grids import rounded
from bbpscape.core.seeds import draw_seed
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.labels import Labels
from bbpscape.model.losses import loss
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs
from bbpscape.simulation.data.instance import Instance, sample_count
from bbpscape.simulation.data.source import Source, source_of
from bbpscape.simulation.descent.start import Start
from bbpscape.study.axes import (
    DESCENT,
    INPUTS,
    MODEL,
    OWN,
    PARAMETERS,
    REQUIRED,
    Value,
    check_value,
)
from bbpscape.study.objects import NUMBERS, Objects
from bbpscape.study.spectral_start import find_start


@dataclass(frozen=True)
class Cell:
    """The parameters of a point; ``key`` is its identity, whatever study it stands in.

    Parameters
    ----------
    key : str
        JSON of the parameters that differ from their defaults, sorted by name. Theory at N → ∞ has
        no N, but where the inputs belong to one.
    objects : mapping
        Losses, activations, starts and inputs that the key only names.
    """

    key: str
    objects: Objects = field(default_factory=dict, compare=False, repr=False, metadata=UNRECORDED)

    @classmethod
    def of(cls, parameters: Mapping[str, Value], objects: Objects | None = None) -> "Cell":
        """The cell of checked parameters.

        >>> Cell.of({"p": 2, "p_star": 1, "a": 0.01, "alpha": 3.0, "N": 100}).key
        '{"N":100,"alpha":3.0,"p":2,"p_star":1}'
        """
        objects = {} if objects is None else objects
        mine = objects.get("loss", {}).get(parameters.get("loss", ""))
        # An object's own number may be another than the default of the parameter.
        kept = {*REQUIRED, *(() if mine is None else mine.parameters)}
        values = {
            name: "inf" if value == math.inf else value
            for name, value in parameters.items()
            if value is not None and (name in kept or value != PARAMETERS[name].default)
        }
        key = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return cls(key, objects)

    @classmethod
    def read(cls, key: str, objects: Objects | None = None) -> "Cell":
        """The cell of a stored key, checked again: a file may have been written by anyone."""
        try:
            values = json.loads(key)
            checked = {name: check_value(name, value) for name, value in values.items()}
        except (ValueError, AttributeError, RecursionError) as error:
            raise InvalidInput(f"the study holds a point that is none: {error}") from None
        if "N" not in checked and "alpha" in checked:
            checked["alpha"] = float(values["alpha"])  # M/N, with all its digits
        return cls.of(checked, objects)

    @cached_property
    def parameters(self) -> dict[str, Value]:
        """All parameters but a missing N, the defaults among them, in the order of PARAMETERS."""
        given = json.loads(self.key)
        values = {}
        for name, one in PARAMETERS.items():
            value = given.get(name, None if name in REQUIRED else one.default)
            if value is not None:
                values[name] = math.inf if value == "inf" else _hashable(value)
        return values

    @property
    def source(self) -> Source:
        """What its draws come from; InvalidInput if it takes an object that is not here."""
        values = {name: self.parameters[name] for name in MODEL if name in self.parameters}
        named = {
            name: self.objects.get(name, {}).get(values[name])
            for name in ("loss", "activation", "teacher")
            if name in values
        }
        own = {name: one for name, one in named.items() if one is not None}
        model = _model(tuple(values.items()), tuple(own.items()))
        if OWN not in self.parameters:
            return Source(model, model)
        rows = self.objects.get(OWN, {}).get(self.parameters[OWN])
        if rows is None:
            raise InvalidInput(
                f"the rows of {self.parameters[OWN]} are with the file or the script that made "
                "this study: run it from there"
            )
        return _source(model, rows)

    @property
    def model(self) -> TeacherStudent:
        """The model with the law of its inputs, refused as ``source`` is."""
        return self.source.model

    @property
    def alpha(self) -> float:
        return float(self.parameters["alpha"])

    @property
    def N(self) -> int:
        return int(self.parameters["N"])

    @property
    def dimension(self) -> int | None:
        """N where the theory of the inputs is that of a dimension, else None.

        InvalidInput if it is, and the point has none.
        """
        law = _inputs(tuple(self.parameters[name] for name in INPUTS))
        size = self.parameters.get("N")
        if size is None and law.dimension(1) is not None:
            raise InvalidInput("N must be given: the inputs belong to a dimension")
        return None if size is None else law.dimension(size)

    @property
    def start(self) -> Start:
        """Where a descent begins; InvalidInput if it is an object that is not here."""
        name = self.parameters["start"]
        own = self.objects.get("start", {}).get(name)
        return find_start(name) if own is None else own

    def theory(self) -> "Cell":
        """The cell of the theory beside this one: the same model at M/N, N → ∞.

        It keeps N where the inputs belong to it, as those of a power law, and is refused without.
        """
        dimension = self.dimension
        if "N" not in self.parameters:
            return self
        values = {k: v for k, v in self.parameters.items() if k not in ("N", *DESCENT)}
        alpha = sample_count(self.alpha, self.N) / self.N
        if dimension is not None:
            # A point with N has an α of 12 digits.
            values, alpha = {**values, "N": self.N}, rounded(alpha)
        return Cell.of({**values, "alpha": alpha}, self.objects)

    def seed(self, study_seed: int, draw: int) -> np.random.SeedSequence:
        """The seed of one draw: that of ``draw(model, alpha, N, study_seed, draw)``."""
        named = self.source.named
        return draw_seed(named.identity(self.alpha, self.N), study_seed, draw)

    def draw(self, seed: np.random.SeedSequence) -> Instance:
        """The draw of a seed."""
        return self.source.draw(self.alpha, self.N, seed)

    def entropy(self, study_seed: int) -> list[int]:
        """The numbers that seed the draws, but for the index of one."""
        found = self.seed(study_seed, 0).entropy
        return [int(one) for one in found] if isinstance(found, Sequence) else []


@functools.lru_cache(maxsize=256)
def _model(
    values: tuple[tuple[str, Value], ...], objects: tuple[tuple[str, Any], ...]
) -> TeacherStudent:
    given, own = dict(values), dict(objects)
    numbers = {name: given[name] for name in NUMBERS}
    if "loss" in own:
        mine = own["loss"]
        own["loss"] = mine.replace(**{k: v for k, v in numbers.items() if k in mine.parameters})
    else:
        own["loss"] = loss(given["loss"], **numbers)
    return TeacherStudent(
        given["p"],
        given["p_star"],
        own["loss"],
        own.get("activation", given["activation"]),
        Labels(given["label_noise"], given["flip"], given["poisson"]),
        given.get("second_layer"),
        given["overlap"],
        _inputs(tuple(given[name] for name in INPUTS)),
        own.get("teacher", given.get("teacher")),
        given.get("student_gram"),
    )


@functools.lru_cache(maxsize=256)
def _source(model: TeacherStudent, rows: Inputs) -> Source:
    return source_of(model, rows)


@functools.lru_cache(maxsize=256)
def _inputs(parts: tuple[Value, ...]) -> InputLaw:
    return InputLaw(*parts)


def _hashable(value: Any) -> Value:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
