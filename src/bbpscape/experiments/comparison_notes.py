"""What a reader of a comparison must know about its theory and its inputs."""

import math

from bbpscape.simulation.data.inputs import Inputs
from bbpscape.theory.finite.draws import WIDEST
from bbpscape.theory.finite.one_draw import UNBOUNDED
from bbpscape.theory.spectrum import Spectrum


def notes(
    theory: Spectrum, count: int, inputs: Inputs | None, M: int, predict: bool, missed: bool
) -> list[str]:
    """``count`` outliers are left of the bulk; each draw takes ``M`` of the inputs. ``predict``
    says that draws of the model have a theory, ``missed`` that it was not solved for one."""
    found = []
    if not predict:
        found.append(f"no finite N: draws have a theory for at most {WIDEST} neurons")
    if missed:
        found.append(f"no finite N: the {M} labels of a draw have no left edge that is solved for")
    if not math.isfinite(theory.left_edge.value):
        found.append(f"the spectrum has no left edge: {theory.no_left_edge}")
        found.append(f"{UNBOUNDED}: threshold at this N has it")
    elif count == 0:
        found.append("no outlier at N → ∞ at this alpha: the lowest eigenvectors are uninformative")
    if theory.left_edge.kind == "smooth":
        beside = "; see finite N" if predict else ""
        found.append(f"smooth left edge: finite-N values approach N → ∞ as 1/log N{beside}")
    return found if inputs is None else found + _input_notes(inputs, M)


def _input_notes(inputs: Inputs, M: int) -> list[str]:
    found = []
    if inputs.whitened and inputs.n < 5 * M:
        found.append(
            f"each draw takes {M} of the {inputs.n} inputs that were whitened together: "
            "their covariance is closer to I/N than that of independent inputs"
        )
    return found
