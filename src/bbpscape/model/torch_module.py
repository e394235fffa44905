"""A torch network read as a student: ŷ = Σ_k c_k σ(w_k·x)."""

import math
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.model.activations import Activation
from bbpscape.model.activations import activation as to_activation

# Names of torch's modules, with what they must have besides.
KNOWN: dict[str, tuple[str, dict[str, object]]] = {
    "Tanh": ("tanh", {}),
    "ReLU": ("relu", {}),
    "Sigmoid": ("sigmoid", {}),
    "Softplus": ("softplus", {"beta": 1}),
    "GELU": ("gelu", {"approximate": "none"}),
}
SPREAD = 0.1  # of √N, that a row's norm may be away from it
# Overlaps of rows beyond so many times 1/√N, or beyond SAME, are no chance.
CHANCE, SAME = 5.0, 0.9
ACCURACY = 1e-4  # of the outputs, in the module's own precision


def read_two_layers(
    module: Any, activation: Activation | str | None = None, orthogonal: bool = True
) -> tuple[int, Activation, tuple[float, ...] | None]:
    """(p, σ, c) of a module with one hidden layer and no biases, c None where it is 1/p each.

    It is held against its own outputs at random inputs. Rows that are to be ``orthogonal`` overlap
    by no more than chance.

    Raises
    ------
    InvalidInput
        If torch is not there, or the module is another.
    """
    try:
        import torch
    except ImportError:
        raise InvalidInput("of_module needs torch: pip install 'bbpscape[gpu]'") from None
    if not isinstance(module, torch.nn.Module):
        raise InvalidInput(f"module must be a torch.nn.Module, got {type(module).__name__}")
    leaves = [one for one in module.modules() if not list(one.children())]
    linear = [one for one in leaves if isinstance(one, torch.nn.Linear)]
    others = [one for one in leaves if not isinstance(one, torch.nn.Linear)]
    if not 1 <= len(linear) <= 2 or len(others) > 1:
        raise InvalidInput(
            "module is not two-layer: it must have Linear(N, p), one activation and Linear(p, 1), "
            f"got {', '.join(type(one).__name__ for one in leaves)}"
        )
    if any(one.bias is not None and bool((one.bias != 0).any()) for one in linear):
        raise InvalidInput("module must have no biases: make its layers with bias=False")
    rows = linear[0].weight.detach().double().cpu().numpy()
    p = len(rows)
    second = np.full(p, 1 / p)
    if len(linear) == 2:
        if linear[1].weight.shape != (1, p):
            raise InvalidInput(f"module must have one output, got {linear[1].weight.shape[0]}")
        second = linear[1].weight.detach().double().cpu().numpy()[0]
    sigma = to_activation(activation if activation is not None else _name(others))
    _check_norms(rows)
    if orthogonal:
        _check_overlaps(rows)
    _check_outputs(torch, module, rows, sigma, second)
    uniform = bool(np.allclose(second, 1 / p, rtol=1e-6, atol=0.0))
    return p, sigma, None if uniform else tuple(second.tolist())


def _name(others: list[Any]) -> str:
    if others:
        kind = type(others[0]).__name__
        name, needs = KNOWN.get(kind, ("", {}))
        if name and all(getattr(others[0], key) == value for key, value in needs.items()):
            return name
    found = type(others[0]).__name__ if others else "none"
    raise InvalidInput(
        f"the activation of the module is not one of {', '.join(KNOWN)}, got {found}: say which by "
        "activation="
    )


def _check_norms(rows: Any) -> None:
    N = rows.shape[1]
    norms = np.linalg.norm(rows, axis=1)
    worst = float(norms[abs(norms - math.sqrt(N)).argmax()])
    if abs(worst / math.sqrt(N) - 1) > SPREAD:
        raise InvalidInput(
            f"the rows of the first layer must have norm sqrt(N) = {math.sqrt(N):.4g}, for inputs "
            f"of variance 1/N, got {worst:.4g}: multiply them by {math.sqrt(N) / worst:.4g}"
        )


def _check_overlaps(rows: Any) -> None:
    p, N = rows.shape
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    overlaps = unit @ unit.T - np.eye(p)
    worst = float(overlaps.flat[abs(overlaps).argmax()])
    if abs(worst) > min(CHANCE / math.sqrt(N), SAME):
        raise InvalidInput(
            f"rows of the first layer overlap by {worst:.2g}, more than chance: give student_gram, "
            "their W @ W.T/N, beside the module"
        )


def _check_outputs(torch: Any, module: Any, rows: Any, sigma: Activation, second: Any) -> None:
    p, N = rows.shape
    inputs = np.random.default_rng(0).standard_normal((16, N)) / math.sqrt(N)
    weight = next(module.parameters())
    try:
        with torch.no_grad():
            given = module(torch.as_tensor(inputs, dtype=weight.dtype, device=weight.device))
        outputs = given.double().cpu().numpy().reshape(len(inputs), -1)
    except (RuntimeError, AttributeError, ValueError) as error:
        raise InvalidInput(f"module does not take inputs of {N} numbers: {error}") from None
    expected = sigma.value(inputs @ rows.T) @ second
    size = abs(expected).max() + abs(sigma.value(inputs @ rows.T)).max() * abs(second).max()
    if outputs.shape[1] != 1 or not abs(outputs[:, 0] - expected).max() <= ACCURACY * size:
        raise InvalidInput(
            f"module is not two-layer: its outputs are not those of {p} neurons {sigma.name} of "
            "its first Linear, weighted by its second or by 1/p"
        )
