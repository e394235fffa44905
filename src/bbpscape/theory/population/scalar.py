"""The scalar equations of a covariance: edges, and outliers by their origin."""

import itertools
import math
from functools import cached_property

from bbpscape.theory.law import INPUT, Law
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.population.branch import Branch
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.states import PopulationStates
from bbpscape.theory.roots import Root, find_root, find_root_below
from bbpscape.theory.sampled import States
from bbpscape.theory.solution import Edge, Outlier

# More components than these, apart from the bulk, are taken for a part of it.
MOST_APART = 64
# How near, in log|Γ|, to a component's own eigenvalue another outlier is looked for.
NEAR = 1e-9


class Side:
    """The left of the spectrum of a law at one α: components apart, edge, outliers."""

    def __init__(
        self,
        law: Law,
        whole: Population,
        neurons: float,
        alpha: float,
        accuracy: float = 1e-15,
    ) -> None:
        self.accuracy = accuracy
        self.law, self.whole, self.neurons, self.alpha = law, whole, neurons, alpha
        branch = self._branch(0)
        edge, point = branch.edge()
        self.apart = 0
        if whole.single and point is not None and point.s < 0:
            self.apart = self._count()
        if self.apart:
            branch = self._branch(self.apart)
            edge, point = branch.edge()
        self.branch, self.edge, self.point = branch, edge, point

    def _branch(self, apart: int) -> Branch:
        population = self.whole.without(apart)
        return Branch(self.law, self.alpha, population, self.whole, self.accuracy)

    def _count(self) -> int:
        """How many of the largest σ have an eigenvalue left of the bulk of the others."""

        def is_apart(count: int) -> bool:
            edge, point = self._branch(count).edge()
            return point is not None and self.whole.sigma[count - 1] * point.s < edge.value

        most = min(MOST_APART, self.whole.sigma.size - 1)
        low, high = 0, 1
        while high <= most and is_apart(high):
            low, high = high, 2 * high
        high = min(high, most + 1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if is_apart(middle) else (low, middle)
        return low

    @cached_property
    def end(self) -> float:
        """log|Γ| at the edge."""
        assert self.point is not None
        return math.log(-self.point.gamma)

    def excess(self, direction: str) -> float:
        """ΔK − 1 at the edge: positive where an outlier along ``direction`` has left it."""
        return self.branch.gap(self.end, direction)

    @cached_property
    def outliers(self) -> tuple[Outlier, ...]:
        """By eigenvalue."""
        if self.point is None or self.point.gamma >= 0:
            return ()
        found = [one for one, _ in self._inputs]
        for direction in self.law.directions:
            one = self.outlier(direction)
            found += [] if one is None else [one]
        return tuple(sorted(found, key=lambda one: one.eigenvalue))

    def outlier(self, direction: str) -> Outlier | None:
        """The one along ``direction``, that whose overlap with it is the largest.

        Every component apart from the bulk has a root next to it that is the component itself, a
        little moved: the direction has an outlier if there is one root more.
        """
        if self.point is None or self.excess(direction) <= 0:
            return None
        roots = self._roots(direction)
        if len(roots) <= len(self._inputs):
            return None
        found = [self.branch.outlier(root.value, direction, root) for root in roots]
        return max(found, key=lambda one: one.m2)

    def lowest(self, direction: str) -> Outlier | None:
        """The lowest eigenvalue left of the bulk that knows of a direction: its outlier, or the
        largest component apart, which is moved and mixes with it."""
        if self.point is None or not (self.apart or self.excess(direction) > 0):
            return None
        first = next(iter(self._roots(direction)), None)
        return None if first is None else self.branch.outlier(first.value, direction, first)

    def _roots(self, direction: str) -> list[Root]:
        """log|Γ| where Δ K = 1, from the lowest eigenvalue on."""
        what = f"outlier along {direction}"
        poles = sorted(place for _, place in self._inputs)

        def gap(log_gamma: float) -> float:
            return self.branch.gap(log_gamma, direction)

        first = poles[0] - NEAR if poles else self.end
        roots = [find_root_below(gap, first, what)] if gap(first) > 0 else []
        for low, high in itertools.pairwise([*poles, self.end]):
            ends = low + NEAR, high - NEAR if high < self.end else high
            if ends[0] < ends[1] and gap(ends[0]) * gap(ends[1]) < 0:
                roots.append(find_root(gap, *ends, what))
        return roots

    @cached_property
    def _inputs(self) -> list[tuple[Outlier, float]]:
        """z = σ_i S for the components apart, with log|Γ|: m² = 1/(1 − σ_i dS/dz)."""
        found = []
        for sigma in self.whole.sigma[: self.apart].tolist():

            def beyond(log_gamma: float, sigma: float = sigma) -> float:
                point = self.branch.at(-math.exp(log_gamma))
                return point.z - sigma * point.s

            root = find_root_below(beyond, self.end, "outlier of the inputs")
            found.append((self._input(root, sigma), root.value))
        return found

    def _input(self, root: Root, sigma: float) -> Outlier:
        point = self.branch.at(-math.exp(root.value))
        m2 = 1 / (1 - sigma * point.s_slope / point.z_slope)
        g = self.branch.population.stieltjes(point.z, point.s).real
        count = float(self.neurons)
        return Outlier(point.z, count, m2, INPUT, g, root.iterations, root.residual)


class PopulationLevel:
    """The equations of one law and one covariance: what ``NetworkRoute`` asks of a level."""

    def __init__(self, law: Law, population: Population, neurons: float) -> None:
        self.law, self.population, self.neurons = law, population, neurons
        self._known: dict[tuple[float, bool], Side] = {}

    def side(self, alpha: float, left: bool = True) -> Side:
        """The left of the spectrum, or the right one of it mirrored."""
        if (alpha, left) not in self._known:
            law = self.law if left else Mirrored(self.law)
            self._known[alpha, left] = Side(law, self.population, self.neurons, alpha)
        return self._known[alpha, left]

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        side = self.side(alpha)
        return side.edge, side.outliers

    def right(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        side = self.side(alpha, False)
        return side.edge.mirrored(), tuple(one.mirrored() for one in reversed(side.outliers))

    def atom(self, alpha: float) -> float:
        rank = min(self.population.rank, alpha * (1 - self.law.zero_mass))
        return max(0.0, 1 - rank)

    def states(self, alpha: float) -> States:
        apart = max(self.side(alpha, left).apart for left in (True, False))
        return PopulationStates(self.law, self.population.without(apart))
