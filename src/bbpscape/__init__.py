"""BBP transitions in the Hessian of two-layer networks at a random initialization."""

import importlib
from typing import TYPE_CHECKING, Any

from bbpscape.analysis.analyse import Analysis, analyse_study
from bbpscape.analysis.extrapolation import Extrapolation, extrapolate
from bbpscape.core.checks import InvalidInput
from bbpscape.experiments.compare import Comparison, compare
from bbpscape.experiments.descent import Descent, descent
from bbpscape.experiments.hessian_along import DescentHessian, hessian_along
from bbpscape.experiments.methods import MethodComparison, compare_methods
from bbpscape.experiments.photograph import Photograph, photograph
from bbpscape.experiments.recovery import RecoveryCurve, recovery_curve
from bbpscape.model.activations import ACTIVATIONS, Activation, activation
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
from bbpscape.simulation.data.inputs import Inputs, load_inputs
from bbpscape.simulation.data.inputs import prepare as prepare_inputs
from bbpscape.simulation.data.instance import Instance, draw
from bbpscape.simulation.data.patches import photograph_patches
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.descent.overlap import generalization_error, squared_magnetization
from bbpscape.simulation.descent.rule import DescentRule, Trajectory
from bbpscape.simulation.eigen.cost import CostModel, simulation_cost
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.lanczos import (
    Density,
    SpectralMeasure,
    spectral_density,
    spectral_measures,
)
from bbpscape.simulation.eigen.lowest_pairs import LowestPairs
from bbpscape.simulation.eigen.signal import LargestOverlap, largest_overlap, teacher_directions
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Operator
from bbpscape.simulation.simulate import SimulatedDraw, Simulation, simulation
from bbpscape.study.runner import RunSummary, run_study
from bbpscape.study.status import StudyStatus, study_status
from bbpscape.study.table import Study, open_study
from bbpscape.theory.critical import ThresholdMinimum, critical_a, critical_p, threshold_minimum
from bbpscape.theory.diagram import Diagram, diagram
from bbpscape.theory.finite.finite_size import FiniteSizeLaw, finite_size_law
from bbpscape.theory.finite.half_point import HalfPoint, half_alpha, half_n
from bbpscape.theory.finite.scaling import FiniteSizeScaling, finite_size_scaling
from bbpscape.theory.finite.truncated import TruncatedThreshold, truncated_threshold
from bbpscape.theory.onset import LinearOnset, linear_onset
from bbpscape.theory.overlap_curve import OverlapCurve, overlap_curve
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.spectral.average import averaged_curvature
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.general_channel import GeneralChannel
from bbpscape.theory.spectral.method import (
    SpectralOverlap,
    SpectralThreshold,
    best_threshold,
    spectral_overlap,
    spectral_threshold,
)
from bbpscape.theory.spectral.preprocessing import (
    Preprocessing,
    mondelli_montanari,
    optimal,
    subset,
    trimming,
)
from bbpscape.theory.spectral.weak_recovery import WeakRecovery, weak_recovery
from bbpscape.theory.spectrum import Spectrum, spectrum
from bbpscape.theory.threshold import Threshold, threshold

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
