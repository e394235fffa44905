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
from bbpscape.theory.channel import QuadraticTeacher
from bbpscape.theory.critical import ThresholdMinimum, critical_a, critical_p, threshold_minimum
from bbpscape.theory.diagram import Diagram, diagram
from bbpscape.theory.finite_size import FiniteSizeLaw, finite_size_law
from bbpscape.theory.finite_size_scaling import FiniteSizeScaling, finite_size_scaling
from bbpscape.theory.general_channel import GeneralChannel
from bbpscape.theory.half_point import HalfPoint, half_alpha, half_n
from bbpscape.theory.onset import LinearOnset, linear_onset
from bbpscape.theory.overlap_curve import OverlapCurve, overlap_curve
from bbpscape.theory.preprocessing import (
    Preprocessing,
    mondelli_montanari,
    optimal,
    subset,
    trimming,
)
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.spectral_method import (
    SpectralOverlap,
    SpectralThreshold,
    best_threshold,
    spectral_overlap,
    spectral_threshold,
)
from bbpscape.theory.spectrum import Spectrum, spectrum
from bbpscape.theory.threshold import Threshold, threshold
from bbpscape.theory.truncated import TruncatedThreshold, truncated_threshold
from bbpscape.theory.weak_recovery import WeakRecovery, weak_recovery

__version__ = "0.1.0"

__all__ = [
    "Comparison",
    "Diagram",
    "FiniteSizeLaw",
    "FiniteSizeScaling",
    "GeneralChannel",
    "HalfPoint",
    "Inputs",
    "Instance",
    "InvalidInput",
    "LinearOnset",
    "NoConvergence",
    "NormalizedSquare",
    "OverlapCurve",
    "Preprocessing",
    "QuadraticTeacher",
    "SpectralOverlap",
    "SpectralThreshold",
    "Spectrum",
    "TeacherStudent",
    "Threshold",
    "ThresholdMinimum",
    "TruncatedThreshold",
    "WeakRecovery",
    "best_threshold",
    "compare",
    "critical_a",
    "critical_p",
    "diagram",
    "draw",
    "finite_size_law",
    "finite_size_scaling",
    "half_alpha",
    "half_n",
    "linear_onset",
    "load_inputs",
    "mondelli_montanari",
    "optimal",
    "overlap_curve",
    "photograph_patches",
    "plots",
    "prepare_inputs",
    "spectral_overlap",
    "spectral_threshold",
    "spectrum",
    "subset",
    "threshold",
    "threshold_minimum",
    "trimming",
    "truncated_threshold",
    "weak_recovery",
]
