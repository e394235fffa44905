"""How far a result can be trusted, and what to do where it falls short."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Status:
    """``problem`` says what fell short, "" if nothing did; ``advice`` what to try then."""

    problem: str = ""
    advice: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem

    def __str__(self) -> str:
        if self.ok:
            return "converged"
        return f"{self.problem}: {self.advice}" if self.advice else self.problem


CONVERGED = Status()


@dataclass(frozen=True)
class Diagnostics:
    """How a number was found.

    ``quadrature_error`` is its estimated relative error, None where nothing estimates it, and
    ``goal`` what that is meant to stay below.
    """

    derived: ClassVar[tuple[str, ...]] = ("status",)

    iterations: int
    residual: float
    quadrature_error: float | None = None
    goal: float = 1e-10

    @property
    def status(self) -> Status:
        if self.quadrature_error is None or self.quadrature_error < self.goal:
            return CONVERGED
        return Status(
            f"quadrature error {self.quadrature_error:.1g}, above {self.goal:g}",
            "trust no more digits than that; less extreme parameters are solved more exactly",
        )
