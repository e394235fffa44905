"""The story: five stops through what the source claims, each a state of the page."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stop:
    """Two plain sentences, a state to look at, and what to try there."""

    title: str
    text: str
    hint: str
    texts: Mapping[str, str]


STOPS = (
    Stop(
        "An outlier leaves the bulk",
        "The student is random and has never seen its teacher, but its Hessian has seen the data. "
        "With enough samples per dimension α, a few eigenvalues leave the bulk on the left, and "
        "their eigenvectors point at the teacher.",
        "Drag α down to 0.9 and watch the outlier return into the bulk, then simulate it.",
        {"a": "0.7", "alpha": "2"},
    ),
    Stop(
        "A continuous transition",
        "At a small loss normalization a, the left edge is sharp: the density starts as a square "
        "root. The outlier then leaves it gently, and the overlap m² grows from 0.",
        "Move α slowly through 0.927, and look at how the curve of m² starts.",
        {"a": "0.7", "alpha": "0.95"},
    ),
    Stop(
        "A discontinuous transition",
        "At a larger a, the edge is smooth: the density dies out faster than any power. The "
        "outlier appears at once with an overlap, here of 0.11: m² jumps.",
        "Switch between a = 0.7 and a = 1.5, and watch the logarithmic inset of the density.",
        {"a": "1.5", "alpha": "1.35"},
    ),
    Stop(
        "Wider students see earlier",
        "More neurons bend the landscape: at a small a, α_BBP falls as p grows. In the limit of "
        "wide students it is p*(a + 1)/2, at a → 0 the least with which anything can be known.",
        "Raise p from 1 to 20 and follow α_BBP, then set p to inf.",
        {"p": "8", "a": "0.01", "alpha": "1"},
    ),
    Stop(
        "Finite N is kinder",
        "A smooth edge has almost no eigenvalues near its end, so that at finite N the outlier is "
        "visible well below α_BBP. The labels of a draw alone predict it: the points of the curve "
        "at N, with its half point α_½.",
        "Simulate at α = 1.1, below α_BBP = 1.32, and compare N = 100 with N = 1000.",
        {"a": "1.5", "alpha": "1.1", "N": "300"},
    ),
)
