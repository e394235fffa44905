"""Inputs of one's own in a comparison: their law, its theory, and draws from them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.estimate import estimate_inputs
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs, sample
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.spectrum import Spectrum, spectrum

ELLIPTICAL = (
    "the theory is that of elliptical inputs of this covariance and these norms: what remains of z "
    "is what is not elliptical in them"
)

# Theory and simulation of power laws agree where 4.3 components count, and differ where 2.5 do.
FEW = 4.0


@dataclass(frozen=True, eq=False)
class Beside:
    """The theory of a model at one α, and the inputs of its draws.

    ``model`` has the law of the given inputs, whose rows are in the eigenbasis of their covariance;
    ``isotropic`` is the theory without that law, None where there are no inputs of one's own, or no
    theory of them: ``theory`` is the isotropic one then.
    """

    model: TeacherStudent
    theory: Spectrum
    isotropic: Spectrum | None
    inputs: Inputs | None
    description: str
    notes: tuple[str, ...]

    def sample(self, alpha: float, generator: np.random.Generator) -> NDArray[np.float64]:
        """round(αN) of the rows, without repeats."""
        assert self.inputs is not None
        return sample(self.inputs, alpha, generator)


def theory_of(model: TeacherStudent, alpha: float, N: int, inputs: Inputs | None) -> Beside:
    """The theory at N → ∞ beside draws of a model, or of it on ``inputs`` of one's own."""
    if inputs is None:
        law = model.inputs
        theory = spectrum(model, alpha, N=law.dimension(N))
        described = "Gaussian" if law.standard else ", ".join(law.label)
        return Beside(model, theory, None, None, described, _few(model, N))
    if (law := model.inputs).replace(profile="random", metric="covariance") != InputLaw():
        raise InvalidInput(
            "inputs have a law of their own: leave out covariance, radial and mean of the model"
        )
    found = estimate_inputs(inputs.rows)
    own = model.replace(
        inputs=InputLaw(found.covariance, found.radial, 0.0, law.profile, law.metric)
    )
    turned = inputs
    if not found.covariance.isotropic:
        turned = replace(inputs, rows=inputs.rows @ found.components)
    isotropic = spectrum(model.replace(inputs=InputLaw()), alpha)
    if own.inputs.standard:
        return Beside(own, isotropic, isotropic, turned, inputs.description, (ELLIPTICAL,))
    try:
        theory = spectrum(own, alpha, N=own.inputs.dimension(N))
    except (InvalidInput, NoConvergence) as error:
        why = f"no theory of these inputs: N → ∞ is that of isotropic ones ({error})"
        return Beside(own, isotropic, None, turned, inputs.description, (why,))
    by = f"theory of these inputs: {found.covariance_by}, norms {own.inputs.radial.label}"
    return Beside(
        own, theory, isotropic, turned, inputs.description, (by, ELLIPTICAL, *_few(own, N))
    )


def _few(model: TeacherStudent, N: int) -> tuple[str, ...]:
    """What to know of the theory where few principal components count."""
    count = model.inputs.components(N)
    if count >= min(FEW, N):
        return ()
    return (
        f"{count:.2g} principal components count, (Σσ²)²/Σσ⁴: the theory averages over many, and "
        "takes teacher and student to be orthogonal within them",
    )
