"""The parameters that commands, studies and figures share: one table of all of them.

A name that means something else in one command stands again as ``command.name``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bbpscape.core import checks
from bbpscape.core.arrays import real_array
from bbpscape.core.grids import parse_list, parse_rows
from bbpscape.model.inputs.covariance import STEEPEST, covariance, read_covariance
from bbpscape.model.inputs.profile import profile
from bbpscape.model.inputs.radial import radial

Check = Callable[[str, Any], Any]
Read = Callable[[str, str], Any]


@dataclass(frozen=True)
class Parameter:
    """What a name means, which values it takes, and which it has unless it is given.

    Parameters
    ----------
    name : str
        As in Python and in a study file.
    help : str
        What it is, in a line that ends with a full stop.
    check : function of (name, value)
        Returns the value in its own type, or raises InvalidInput.
    default : value, optional
        None where it must be given, or where a function has a default of its own.
    kind : type
        int, float, str or bool.
    symbol, plain : str
        In figures and in text; by default its name in words.
    meaning : str
        What it measures, for an axis of a figure.
    read : function of (name, text), optional
        Returns the value that a text of the command line stands for, before its check; by default
        that of its kind.
    """

    name: str
    help: str
    check: Check
    default: Any = None
    kind: type = float
    symbol: str = ""
    plain: str = ""
    meaning: str = ""
    read: Read | None = None

    def __post_init__(self) -> None:
        words = self.name.replace("_", " ")
        object.__setattr__(self, "symbol", self.symbol or words)
        object.__setattr__(self, "plain", self.plain or words)

    @property
    def option(self) -> str:
        """As the command line writes it."""
        return "--" + self.name.rpartition(".")[2].replace("_", "-")

    @property
    def axis(self) -> str:
        """What stands along its axis in a figure."""
        return f"{self.meaning} {self.symbol}" if self.meaning else self.symbol

    @property
    def text(self) -> bool:
        return self.kind is str

    @property
    def metavar(self) -> str:
        """What its value is called where a text is read for it."""
        return "TEXT" if self.text else "NUMBERS"

    @property
    def integer(self) -> bool:
        return self.kind is int


def _width(name: str, value: object) -> float:
    return checks.positive_integer(name, math.inf if value == "inf" else value, infinite=True)


def _one_of(*allowed: str) -> Check:
    return lambda name, value: checks.choice(name, value, allowed)


def _between(low: float, high: float) -> Check:
    return lambda name, value: checks.number(name, value, low, high)


def _at_least(low: int) -> Check:
    return lambda name, value: checks.integer(name, value, low)


def _weights(name: str, value: object) -> tuple[float, ...]:
    return tuple(real_array(name, value).tolist())


def _covariance(name: str, value: Any) -> str:
    return str(covariance(value))


def _radial(name: str, value: Any) -> str:
    return str(radial(value))


def _profile(name: str, value: Any) -> str:
    return str(profile(value))


def _flag(name: str, said: str, default: bool = False) -> Parameter:
    return Parameter(name, said, checks.boolean, default, bool)


MODEL = (
    Parameter(
        "p",
        "Student width: a positive integer, or inf.",
        _width,
        2,
        int,
        "$p$",
        meaning="student width",
    ),
    Parameter(
        "p_star",
        "Teacher width, a positive integer.",
        checks.integer,
        1,
        int,
        "$p^*$",
        "p*",
        "teacher width",
    ),
    Parameter(
        "a",
        "Loss normalization a > 0.",
        checks.positive,
        0.01,
        symbol="$a$",
        meaning="loss normalization",
    ),
    Parameter(
        "loss",
        "normalized-square, huber, …, or an expression in y and yhat.",
        checks.text,
        "normalized-square",
        str,
    ),
    Parameter(
        "delta", "Where the Huber loss turns linear, > 0.", checks.positive, 1.0, symbol=r"$\delta$"
    ),
    Parameter(
        "activation",
        "quadratic, tanh, relu, …, or an expression in x.",
        checks.text,
        "quadratic",
        str,
    ),
    Parameter(
        "teacher",
        "An expression in u1, u2, …, or an activation; the student's by default.",
        checks.text,
        kind=str,
    ),
    Parameter("label_noise", "Variance of the Gaussian noise on the labels.", checks.number, 0.0),
    Parameter("flip", "Probability that the sign of a label is flipped.", checks.number, 0.0),
    _flag("poisson", "Labels are counts, y ~ Poisson(the teacher's output)."),
    Parameter(
        "second_layer", "p weights with commas; 1/p each by default.", _weights, read=parse_list
    ),
    Parameter(
        "overlap",
        "Student–teacher overlap: a number, or rows as 0.2,0.1;0,0.3.",
        checks.number,
        0.0,
        read=parse_rows,
    ),
    Parameter(
        "student_gram",
        "Gram matrix of the student's neurons over N: a number q for q·1, or rows.",
        real_array,
        read=parse_rows,
    ),
)
INPUTS = (
    Parameter(
        "covariance",
        "isotropic, power:BETA, product:GAMMA, eigenvalues, or a .npy of them.",
        _covariance,
        "isotropic",
        str,
        read=read_covariance,
    ),
    Parameter(
        "radial",
        "Inputs' norms: gaussian, chi2:NU, lognormal:S, or atoms:TAU@WEIGHT,….",
        _radial,
        "gaussian",
        str,
    ),
    Parameter("mean", "Length of the inputs' mean, in units of their spread.", checks.number, 0.0),
    Parameter(
        "profile",
        "The teacher along the principal components: random, source:R or top:K.",
        _profile,
        "random",
        str,
    ),
    Parameter(
        "metric",
        "In which weights have length √N: covariance or sphere.",
        _one_of("covariance", "sphere"),
        "covariance",
        str,
    ),
)
DATA = (
    Parameter(
        "inputs",
        "Rows of your own data, .npy, .npz, .csv or .parquet; N is their length.",
        checks.path,
        kind=Path,
    ),
    Parameter("key", "Which array of an .npz file.", checks.text, kind=str),
    _flag("whiten", "Whiten the inputs; without it their covariance stays what it is.", True),
    _flag("equal_norms", "Scale every row of the inputs to norm 1."),
    _flag("drop_constant", "Drop the columns of the inputs that are constant."),
    _flag("standardize", "Scale the columns of the inputs to one variance first."),
    Parameter("pca", "Leading components of the inputs to keep.", checks.integer, kind=int),
)
SIZES = (
    Parameter(
        "alpha",
        "Samples per dimension, M/N > 0.",
        checks.positive,
        symbol=r"$\alpha$",
        meaning="samples per dimension",
    ),
    Parameter(
        "N", "Input dimension.", checks.integer, kind=int, symbol="$N$", meaning="input dimension"
    ),
    Parameter("draws", "Number of independent draws.", _at_least(1), 1, int),
    Parameter("seed", "Seed of the draws.", _at_least(0), 0, int),
    Parameter("workers", "Processes; by default as many as pay.", _at_least(1), kind=int),
    Parameter("dtype", "float64 or float32.", _one_of("float64", "float32"), "float64", str),
    Parameter("device", "cpu, cuda or torch-cpu.", _one_of("cpu", "cuda", "torch-cpu"), "cpu", str),
)
DESCENT = (
    Parameter("start", "random, hessian, spectral or overlap.", checks.text, "random", str),
    Parameter("method", "gd, momentum or flow.", _one_of("gd", "momentum", "flow"), "gd", str),
    Parameter("domain", "free, or sphere.", _one_of("free", "sphere"), "free", str),
    _flag("sphere", "Keep every neuron on the sphere."),
    Parameter("steps", "Budget of steps a draw.", checks.integer, 2000, int),
    Parameter(
        "step",
        "Step size η; by default 1/λ_max of the Hessian, renewed on the way.",
        checks.positive,
        symbol=r"$\eta$",
    ),
    Parameter("beta", "Momentum β, from 0 to below 1.", _between(0, 1), 0.9, symbol=r"$\beta$"),
    Parameter(
        "tolerance",
        "Stop when |∇L| has fallen to this times its first value.",
        _between(0, 1),
        1e-5,
    ),
    Parameter("recovery", "m2 that counts as recovered.", _between(0, 1), 0.9),
    Parameter(
        "until",
        "recovery, which ends a draw, or end: what it converges to, or its budget.",
        _one_of("recovery", "end"),
        "recovery",
        str,
    ),
    _flag("until_recovery", "Stop a draw when it has recovered."),
)
SOLVING = (
    Parameter("k", "Pairs wanted; p p* + 1 at least come out.", checks.integer, 1, int),
    Parameter("tol", "Residual over the largest |eigenvalue|.", checks.positive, 1e-8),
    Parameter(
        "simulate.method",
        "auto, dense, iterative, or dice for a large N.",
        _one_of("auto", "dense", "iterative", "dice"),
        "auto",
        str,
    ),
    _flag("stream", "Make the inputs anew instead of holding them."),
    _flag("phi", "Decide where the largest teacher overlap is."),
    Parameter(
        "diagram.beta",
        "Exponent β of the inputs' covariance, σ_i ∝ i^−β; needs N.",
        _between(0, STEEPEST),
        symbol=r"$\beta$",
        meaning="exponent of the covariance",
    ),
    Parameter("points", "Points of the density.", checks.integer, 400, int),
    Parameter("resamples", "How often draws are resampled.", checks.integer, 400, int),
)
PARAMETERS = {one.name: one for one in (*MODEL, *INPUTS, *DATA, *SIZES, *DESCENT, *SOLVING)}


def parameter(name: str, command: str = "") -> Parameter:
    """The parameter that ``name`` is in ``command``.

    >>> parameter("method").default, parameter("method", "simulate").default
    ('gd', 'auto')
    """
    found = PARAMETERS.get(f"{command}.{name}") or PARAMETERS.get(name)
    if found is None:
        raise checks.InvalidInput(f"{name} is no parameter: use {', '.join(PARAMETERS)}")
    return found
