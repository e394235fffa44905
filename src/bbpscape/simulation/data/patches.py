"""Patches of photographs: inputs that are not Gaussian, from files that ship in scikit-image."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.core.seeds import Seed, check_seed

PHOTOGRAPHS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "rocket.jpg",
)
COUNT_PER_DIMENSION = 20  # α = 10 then takes half of the patches


def patches(
    size: int = 12, count: int | None = None, seed: Seed = 0, *, contrast: bool = False
) -> NDArray[np.float64]:
    """Square grayscale patches, cut at different random places: shape (count, size²), in [0, 1].

    Places are uniform over all photographs. A patch of one single gray is passed over: it is
    6 % of the places at size 2 and 1 % at size 8. Patches may overlap, the larger the more.

    Parameters
    ----------
    size : int
        Side in pixels, from 2 to the smallest side of the photographs, 300.
    count : int, optional
        Number of patches; by default 20 size², so that α up to 10 takes at most half of them.
    seed : int or Generator
        Of the places.
    contrast : bool
        False keeps the intensities: whitened, they have heavy-tailed norms, as natural images do,
        and are far from Gaussian. True scales each patch about its own mean to the standard
        deviation that is the root mean square over the patches: the mean stays (without it no
        covariance could be inverted), and values may leave [0, 1]. The norms come closer to each
        other, no more: whitened, at size 20, ``norm_spread`` is 1.2 with the intensities, 0.9
        with equal contrast, and 0.07 for Gaussian inputs.

    Returns
    -------
    array, shape (count, size²)
        One patch a row.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, the patches would not fit in memory, or scikit-image is
        missing.

    Examples
    --------
    >>> import bbpscape as bb
    >>> import pytest
    >>> _ = pytest.importorskip("skimage")
    >>> rows = bb.data.patches(size=4, count=10)
    >>> rows.shape, bool(rows.min() >= 0 and rows.max() <= 1)
    ((10, 16), True)
    """
    side = int(positive_integer("size", size))
    if not isinstance(contrast, bool | np.bool_):
        raise InvalidInput(f"contrast must be True or False, got {contrast!r}")
    wanted = COUNT_PER_DIMENSION * side**2
    if count is not None:
        wanted = int(positive_integer("count", count))
    generator = np.random.default_rng(check_seed(seed))
    photographs = load_photographs()
    largest = min(min(photograph.shape) for photograph in photographs)
    if not 2 <= side <= largest:
        raise InvalidInput(f"size must be from 2 to {largest}, got {size!r}")
    shapes = [tuple(length - side + 1 for length in p.shape) for p in photographs]
    places = sum(rows * columns for rows, columns in shapes)
    if wanted > places:
        raise InvalidInput(
            f"count must be at most {places}, the number of places at size {side}, got {wanted}"
        )
    require_memory(lambda n: 2 * 8 * n * side**2 + 8 * places, wanted, "count")
    cut = _cut(photographs, shapes, side, wanted, generator.permutation(places))
    return _equalize(cut) if contrast else cut


def _cut(
    photographs: tuple[NDArray, ...],
    shapes: list[tuple[int, ...]],
    side: int,
    count: int,
    order: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The first ``count`` patches that are not flat, taking the places in this order."""
    starts = np.concatenate([[0], np.cumsum([rows * columns for rows, columns in shapes])])
    patches = np.empty((count, side * side))
    found = 0
    for place in order:
        which = int(np.searchsorted(starts, place, side="right")) - 1
        row, column = divmod(int(place - starts[which]), shapes[which][1])
        patch = photographs[which][row : row + side, column : column + side]
        if patch.min() == patch.max():
            continue
        patches[found] = patch.ravel()
        found += 1
        if found == count:
            return patches
    raise InvalidInput(
        f"count must be at most {found}, the number of patches of size {side} that are not flat, "
        f"got {count}"
    )


def _equalize(patches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give every patch one standard deviation about its own mean, in place."""
    means = patches.mean(axis=1, keepdims=True)
    patches -= means
    deviations = np.sqrt((patches**2).mean(axis=1, keepdims=True))
    patches *= np.sqrt((deviations**2).mean()) / deviations
    patches += means
    return patches


@cache
def load_photographs() -> tuple[NDArray[np.float64], ...]:
    """The photographs in grayscale, each in [0, 1]. Only files of the package, no network."""
    try:
        import skimage.data
        from skimage.color import rgb2gray
        from skimage.io import imread
    except ImportError as error:
        raise InvalidInput("photographs need scikit-image: pip install 'bbpscape[data]'") from error
    folder = Path(skimage.data.__file__).parent
    photographs = []
    for name in PHOTOGRAPHS:
        if not (folder / name).is_file():
            raise InvalidInput(
                f"photographs need {name} of scikit-image: pip install 'bbpscape[data]'"
            )
        pixels = imread(folder / name)
        gray = rgb2gray(pixels) if pixels.ndim == 3 else pixels / 255
        gray.flags.writeable = False
        photographs.append(gray)
    return tuple(photographs)
