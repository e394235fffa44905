"""The theory beside draws on inputs of one's own, and what to know of it."""

from dataclasses import dataclass

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.source import Source
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.spectrum import Spectrum, spectrum

ELLIPTICAL = (
    "the theory is that of elliptical inputs of this covariance and these norms: what remains of z "
    "is what is not elliptical in them"
)

# With so few principal components draws differ by more than their number of samples explains.
FEW = 4.0


@dataclass(frozen=True, eq=False)
class Beside:
    """The theory of a source's draws at one α.

    ``isotropic`` is the theory without the law of the rows, None where there are no rows of one's
    own, or no theory of them: ``theory`` is the isotropic one then.
    """

    theory: Spectrum
    isotropic: Spectrum | None
    notes: tuple[str, ...]


def theory_of(source: Source, alpha: float, N: int) -> Beside:
    """The theory at N → ∞ beside draws of a source."""
    model, law = source.model, source.model.inputs
    if source.inputs is None:
        theory = spectrum(model, alpha, N=law.dimension(N))
        return Beside(theory, None, _few(model, N))
    isotropic = spectrum(model.replace(inputs=InputLaw()), alpha)
    if law.standard:
        return Beside(isotropic, isotropic, (ELLIPTICAL,))
    try:
        theory = spectrum(model, alpha, N=law.dimension(N))
    except (InvalidInput, NoConvergence) as error:
        why = f"no theory of these inputs: N → ∞ is that of isotropic ones ({error})"
        return Beside(isotropic, None, (why,))
    return Beside(theory, isotropic, notes_of(source, N))


def notes_of(source: Source, N: int) -> tuple[str, ...]:
    """What to know of the theory of a source's inputs, where that is not the standard one."""
    law, few = source.model.inputs, _few(source.model, N)
    if source.inputs is None:
        return few
    if law.standard:
        return (ELLIPTICAL,)
    by = f"theory of these inputs: {source.covariance_by}, norms {law.radial.label}"
    return (by, ELLIPTICAL, *few)


def _few(model: TeacherStudent, N: int) -> tuple[str, ...]:
    """What to know of the theory where few principal components count."""
    count = model.inputs.components(N)
    if count >= min(FEW, N):
        return ()
    return (
        f"principal components that count, (Σσ²)²/Σσ⁴: {count:.2g}; draws differ by how teacher "
        "and student lie along them, which compare's finite N knows, and N → ∞, an average, not",
    )
