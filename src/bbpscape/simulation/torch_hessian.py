"""The Hessian of a torch network's loss in its weights, by its products with blocks of vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, integer
from bbpscape.simulation.eigen.contract import BlockOperator

BYTES = 2**28  # of what one chunk of vectors may take beside the network
COPIES = 12  # of all activations, of a vector's products on their way through the network


def torch_hessian(
    module: Any, loss: Callable[..., Any], data: Any, *, chunk: int | None = None
) -> BlockOperator:
    """H = ∂²L/∂w², L = Σ loss(module(x), y) over batches (x, y), w all weights with a gradient.

    The gradient is made once, as a graph; a block of vectors goes back through it at once, in
    chunks that fit in 256 MiB. The weights are in the order of ``module.parameters()``, flattened.
    H lives at the weights as they are now, in double precision whatever the module's.

    Parameters
    ----------
    module : torch.nn.Module
        Without randomness, such as dropout, and buffers that change: call ``module.eval()``.
    loss : callable, (outputs, targets) to a number
    data : (inputs, targets), or a list of such batches
        L is the sum of their losses, whatever the loss does inside a batch.
    chunk : int, optional
        Vectors that go back together.

    Returns
    -------
    operator
        With products by automatic differentiation.

    Raises
    ------
    InvalidInput
        If torch is not there, an argument is of another kind, or torch cannot differentiate twice.

    Examples
    --------
    >>> import pytest; torch = pytest.importorskip("torch")
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> data = torch.eye(2), torch.zeros(2, 1)
    >>> H = torch_hessian(net, torch.nn.MSELoss(reduction="sum"), data)
    >>> H.matmat(np.eye(2)).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    try:
        import torch
    except ImportError:
        raise InvalidInput("torch_hessian needs torch: pip install 'bbpscape[gpu]'") from None
    if not isinstance(module, torch.nn.Module):
        raise InvalidInput(f"module must be a torch.nn.Module, got {type(module).__name__}")
    if not callable(loss):
        raise InvalidInput(f"loss must be callable, got {loss!r}")
    if not any(one.requires_grad for one in module.parameters()):
        raise InvalidInput("module must have weights with requires_grad")
    batches = _batches(data, torch)
    if chunk is not None:
        chunk = integer("chunk", chunk)
    products = _Products(torch, module, loss, batches, chunk)
    return BlockOperator(products, products.size)


class _Products:
    """V → H V, back through the graph of the gradient."""

    def __init__(self, torch: Any, module: Any, loss: Any, batches: Any, chunk: int | None) -> None:
        self._torch, self._module, self._loss = torch, module, loss
        self._chunk = 0 if chunk is None else chunk
        wanted = {name: one for name, one in module.named_parameters() if one.requires_grad}
        self._names = list(wanted)
        self.size = sum(one.numel() for one in wanted.values())
        self._graphs = [self._graph(*batch) for batch in batches]

    def __call__(self, block: NDArray) -> NDArray:
        torch = self._torch
        device = self._graphs[0][1].device
        rows = torch.from_numpy(np.array(block.T, order="C")).to(device, torch.float64)
        parts = [self._through(rows[i : i + self._chunk]) for i in range(0, len(rows), self._chunk)]
        return torch.cat(parts).cpu().numpy().T

    def _through(self, rows: Any) -> Any:
        total = 0
        for weights, gradient in self._graphs:
            try:
                # One vector by itself takes less time than in a batch of one.
                alone = len(rows) == 1
                found = self._torch.autograd.grad(
                    gradient, weights, rows[0] if alone else rows, is_grads_batched=not alone,
                    retain_graph=True, allow_unused=True, materialize_grads=True,
                )  # fmt: skip
            except RuntimeError as error:
                raise _refused(error) from None
            total = total + self._torch.cat([one.reshape(len(rows), -1) for one in found], 1)
        return total

    def _graph(self, inputs: Any, targets: Any) -> tuple[list[Any], Any]:
        """(weights, their gradient as a graph) of one batch."""
        torch, kind = self._torch, self._torch.float64
        cast = {
            name: one.detach().to(kind) if one.is_floating_point() else one.detach()
            for name, one in [*self._module.named_parameters(), *self._module.named_buffers()]
        }
        weights = [cast[name].clone().requires_grad_() for name in self._names]
        state = cast | dict(zip(self._names, weights, strict=True))
        x, y = (one.to(kind) if one.is_floating_point() else one for one in (inputs, targets))
        seen: list[int] = []
        hooks = [
            one.register_forward_hook(lambda _m, _i, out: seen.append(getattr(out, "numel", int)()))
            for one in self._module.modules()
        ]
        try:
            value = self._loss(torch.func.functional_call(self._module, state, (x,)), y)
            if not isinstance(value, torch.Tensor) or value.numel() != 1:
                raise InvalidInput("loss must give one number, as with reduction='sum' or 'mean'")
            slopes = torch.autograd.grad(
                value.sum(), weights, create_graph=True, allow_unused=True, materialize_grads=True
            )
        except (RuntimeError, TypeError, ValueError) as error:
            raise error if isinstance(error, InvalidInput) else _refused(error) from None
        finally:
            for hook in hooks:
                hook.remove()
        gradient = torch.cat([one.reshape(-1) for one in slopes])
        if not gradient.requires_grad:
            raise InvalidInput("the loss is linear in all weights: its Hessian is 0")
        if not self._chunk:
            bytes_a_vector = (COPIES * sum(seen) + 4 * self.size) * value.element_size()
            self._chunk = max(1, BYTES // bytes_a_vector)
        return weights, gradient


def _batches(data: Any, torch: Any) -> list[tuple[Any, Any]]:
    """Pairs of tensors."""
    one = isinstance(data, tuple) and len(data) == 2 and isinstance(data[0], torch.Tensor)
    try:
        batches: Sequence[Any] = [data] if one else list(data)
        pairs = [(x, y) for x, y in batches]
    except (TypeError, ValueError):
        pairs = []
    if not pairs or not all(isinstance(t, torch.Tensor) for pair in pairs for t in pair):
        raise InvalidInput(
            "data must be a pair of tensors (inputs, targets), or a list of such pairs"
        )
    return pairs


def _refused(error: Exception) -> InvalidInput:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return InvalidInput(f"torch could not differentiate the loss of this module twice: {first}")
