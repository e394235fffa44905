"""The law of exact labels of a teacher of one degree, as a table along log |y|."""

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from bbpscape.model.teacher import Law, Teacher
from bbpscape.theory.spectral.matrix.rays import Homogeneous, degree

# Steps of log |y|; densities below the second are 0.
STEP, EMPTY = 0.02, 1e-280


@functools.lru_cache(maxsize=32)
def tabulated_law(teacher: Teacher, reads: int) -> Law | None:
    """y to its density, E[u | y] and E[u uᵀ | y]; None for a teacher without a degree k ≠ 0.

    Two or three directions.
    """
    if reads not in (2, 3) or not (k := degree(teacher, reads)):
        return None
    law = Homogeneous(teacher, teacher.kinks, k, reads)
    if law.atoms.size:
        return None
    tables = {sign: _table(law, sign) for sign in (1.0, -1.0)}

    def known(y: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        result = np.zeros((y.size, 1 + reads + reads**2))
        for sign, table in tables.items():
            of = sign * y > 0
            if table is not None and of.any():
                result[of] = table(np.log(abs(y[of])))
        first, second = result[:, 1 : 1 + reads], result[:, 1 + reads :]
        return result[:, 0], first, second.reshape(-1, reads, reads)

    return known


def _table(law: Homogeneous, sign: float) -> Callable[[NDArray], NDArray] | None:
    """Of labels of one sign: log |y| to the density and the means, 0 beyond the table."""
    y, _ = law.nodes()
    sizes = abs(y[np.sign(y) == sign])
    if not sizes.size:
        return None
    t = np.arange(math.log(sizes.min()), math.log(sizes.max()) + STEP, STEP)
    moments = law.continuous(sign * np.exp(t))
    seen = moments.density > EMPTY
    first, second = moments.means()
    columns = [np.log(moments.density[seen]), *first[seen].T]
    columns += list(second[seen].reshape(int(seen.sum()), -1).T)
    spline, low, high = CubicSpline(t[seen], np.array(columns).T), t[seen][0], t[seen][-1]

    def table(at: NDArray) -> NDArray[np.float64]:
        found = spline(np.clip(at, low, high))
        found[:, 0] = np.where((at >= low) & (at <= high), np.exp(found[:, 0]), 0.0)
        return found

    return table
