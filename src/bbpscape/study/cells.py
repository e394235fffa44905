"""One cell of a study: a model at one α and N, its identity, and the seeds that follow from it."""

import functools
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import sample_count
from bbpscape.study.axes import DESCENT, PARAMETERS, REQUIRED, Value, check_value


@dataclass(frozen=True)
class Cell:
    """The parameters of a point; ``key`` is its identity, whatever study it stands in.

    Parameters
    ----------
    key : str
        JSON of the parameters that differ from their defaults, sorted by name. Theory at N → ∞ has
        no N.
    """

    key: str

    @classmethod
    def of(cls, parameters: Mapping[str, Value]) -> "Cell":
        """The cell of checked parameters.

        >>> Cell.of({"p": 2, "p_star": 1, "a": 0.01, "alpha": 3.0, "N": 100}).key
        '{"N":100,"alpha":3.0,"p":2,"p_star":1}'
        """
        kept = {
            name: "inf" if value == math.inf else value
            for name, value in parameters.items()
            if name in REQUIRED or value != PARAMETERS[name].default
        }
        return cls(json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False))

    @classmethod
    def read(cls, key: str) -> "Cell":
        """The cell of a stored key, checked again: a file may have been written by anyone."""
        try:
            values = json.loads(key)
            checked = {name: check_value(name, value) for name, value in values.items()}
        except (ValueError, AttributeError, RecursionError) as error:
            raise InvalidInput(f"the study holds a point that is none: {error}") from None
        return cls.of(checked)

    @property
    def parameters(self) -> dict[str, Value]:
        """All parameters but a missing N, the defaults among them, in the order of PARAMETERS."""
        given = json.loads(self.key)
        values = {}
        for name, one in PARAMETERS.items():
            value = given.get(name, None if name in REQUIRED else one.default)
            if value is not None:
                values[name] = math.inf if value == "inf" else value
        return values

    @property
    def model(self) -> TeacherStudent:
        values = self.parameters
        return _model(*(values[name] for name in MODEL))

    @property
    def alpha(self) -> float:
        return float(self.parameters["alpha"])

    @property
    def N(self) -> int:
        return int(self.parameters["N"])

    def theory(self) -> "Cell":
        """The cell of the theory beside this one: the same model at M/N, N → ∞."""
        values = {k: v for k, v in self.parameters.items() if k not in DESCENT}
        n = int(values.pop("N"))
        return Cell.of({**values, "alpha": sample_count(self.alpha, n) / n})

    def entropy(self, study_seed: int) -> list[int]:
        """The study's seed and a number that follows from this cell's identity."""
        digest = hashlib.blake2b(self.key.encode(), digest_size=16).digest()
        return [study_seed, int.from_bytes(digest, "little")]

    def seed(self, study_seed: int, draw: int) -> np.random.SeedSequence:
        """The seed of one draw, wherever it stands in a study and whatever stands beside it."""
        return np.random.SeedSequence(self.entropy(study_seed), spawn_key=(draw,))


MODEL = tuple(name for name in PARAMETERS if name not in ("alpha", "N", *DESCENT))


@functools.lru_cache(maxsize=256)
def _model(*values: Any) -> TeacherStudent:
    return TeacherStudent.from_dict(dict(zip(MODEL, values, strict=True)))
