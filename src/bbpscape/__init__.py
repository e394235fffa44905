"""BBP transitions in the Hessian of two-layer networks at a random initialization."""

import importlib
from typing import TYPE_CHECKING, Any

from bbpscape.model.activations import ACTIVATIONS, Activation, activation
from bbpscape.model.checks import InvalidInput
from bbpscape.model.labels import Labels
from bbpscape.model.losses import (
    LOSSES,
    AbsoluteNormalizedSquare,
    ExpressionLoss,
    Huber,
    Logistic,
    NormalizedSquare,
    Square,
    loss,
)
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulate.cost import CostModel, simulation_cost
from bbpscape.simulate.descent_overlap import generalization_error, squared_magnetization
from bbpscape.simulate.descent_rule import DescentRule, Trajectory
from bbpscape.simulate.diagonalize import teacher_overlap
from bbpscape.simulate.eigensolver import lowest
from bbpscape.simulate.hessian import Hessian
from bbpscape.simulate.inputs import Inputs, load_inputs
from bbpscape.simulate.inputs import prepare as prepare_inputs
from bbpscape.simulate.instance import Instance, draw
from bbpscape.simulate.lanczos import Density, SpectralMeasure, spectral_density, spectral_measures
from bbpscape.simulate.lowest_pairs import LowestPairs
from bbpscape.simulate.operator import Operator
from bbpscape.simulate.patches import photograph_patches
from bbpscape.simulate.signal import LargestOverlap, largest_overlap, teacher_directions
from bbpscape.simulate.simulation import SimulatedDraw, Simulation, simulation
from bbpscape.simulate.stream import StreamedHessian
from bbpscape.study.analysis import Analysis, analyse_study
from bbpscape.study.compare import Comparison, compare
from bbpscape.study.descent_curve import RecoveryCurve, recovery_curve
from bbpscape.study.descent_hessian import DescentHessian, hessian_along
from bbpscape.study.descent_photograph import Photograph, photograph
from bbpscape.study.descent_run import Descent, descent
from bbpscape.study.extrapolation import Extrapolation, extrapolate
from bbpscape.study.methods import MethodComparison, compare_methods
from bbpscape.study.runner import RunSummary, run_study
from bbpscape.study.status import StudyStatus, study_status
from bbpscape.study.table import Study, open_study
from bbpscape.theory.average import averaged_curvature
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

if TYPE_CHECKING:
    from bbpscape import plots

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "AbsoluteNormalizedSquare",
    "Activation",
    "Analysis",
    "Comparison",
    "CostModel",
    "Density",
    "Descent",
    "DescentHessian",
    "DescentRule",
    "Diagram",
    "ExpressionLoss",
    "Extrapolation",
    "FiniteSizeLaw",
    "FiniteSizeScaling",
    "GeneralChannel",
    "HalfPoint",
    "Hessian",
    "Huber",
    "Inputs",
    "Instance",
    "InvalidInput",
    "Labels",
    "LargestOverlap",
    "LinearOnset",
    "Logistic",
    "LowestPairs",
    "MethodComparison",
    "NoConvergence",
    "NormalizedSquare",
    "Operator",
    "OverlapCurve",
    "Photograph",
    "Preprocessing",
    "QuadraticTeacher",
    "RecoveryCurve",
    "RunSummary",
    "SimulatedDraw",
    "Simulation",
    "SpectralMeasure",
    "SpectralOverlap",
    "SpectralThreshold",
    "Spectrum",
    "Square",
    "StreamedHessian",
    "Study",
    "StudyStatus",
    "TeacherStudent",
    "Threshold",
    "ThresholdMinimum",
    "Trajectory",
    "TruncatedThreshold",
    "WeakRecovery",
    "activation",
    "analyse_study",
    "averaged_curvature",
    "best_threshold",
    "compare",
    "compare_methods",
    "critical_a",
    "critical_p",
    "descent",
    "diagram",
    "draw",
    "extrapolate",
    "finite_size_law",
    "finite_size_scaling",
    "generalization_error",
    "half_alpha",
    "half_n",
    "hessian_along",
    "largest_overlap",
    "linear_onset",
    "load_inputs",
    "loss",
    "lowest",
    "mondelli_montanari",
    "open_study",
    "optimal",
    "overlap_curve",
    "photograph",
    "photograph_patches",
    "plots",
    "prepare_inputs",
    "recovery_curve",
    "run_study",
    "simulation",
    "simulation_cost",
    "spectral_density",
    "spectral_measures",
    "spectral_overlap",
    "spectral_threshold",
    "spectrum",
    "squared_magnetization",
    "study_status",
    "subset",
    "teacher_directions",
    "teacher_overlap",
    "threshold",
    "threshold_minimum",
    "trimming",
    "truncated_threshold",
    "weak_recovery",
]


def __getattr__(name: str) -> Any:
    """``plots``, once it is asked for: matplotlib takes long to import."""
    if name == "plots":
        return importlib.import_module("bbpscape.plots")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
