"""BBP transitions in the Hessian of two-layer networks at a random initialization."""

from bbpscape import plots
from bbpscape.model.checks import InvalidInput
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulate.inputs import Inputs, load_inputs
from bbpscape.simulate.inputs import prepare as prepare_inputs
from bbpscape.simulate.instance import Instance, draw
from bbpscape.simulate.patches import photograph_patches
from bbpscape.study.compare import Comparison, compare
from bbpscape.theory.overlap_curve import OverlapCurve, overlap_curve
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.spectrum import Spectrum, spectrum
from bbpscape.theory.threshold import Threshold, threshold

__version__ = "0.1.0"

__all__ = [
    "Comparison",
    "Inputs",
    "Instance",
    "InvalidInput",
    "NoConvergence",
    "NormalizedSquare",
    "OverlapCurve",
    "Spectrum",
    "TeacherStudent",
    "Threshold",
    "compare",
    "draw",
    "load_inputs",
    "overlap_curve",
    "photograph_patches",
    "plots",
    "prepare_inputs",
    "spectrum",
    "threshold",
]
