"""Muon: momentum whose update of each matrix is made orthogonal before the step.

K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). Here it steps
convolution filters, seen as matrices [out, in * height * width], and Nesterov SGD steps everything else, in
one optimizer with one state.
"""

from collections.abc import Callable, Iterable, Iterator
from inspect import unwrap
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from hundred.models.processor import multiplies_bfloat16

# The quintic a x + b x^3 + c x^5 of Jordan et al.: steepest at 0 among those that keep 0..1 near 1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrices: Tensor, steps: int = 5, dtype: torch.dtype | None = None) -> Tensor:
    """The nearest (semi-)orthogonal matrix to each of `matrices`, roughly, by Newton-Schulz iteration.

    matrices: float [count, rows, columns]; the result has the same shape, and `dtype`, the type of the
    arithmetic (default: the quickest for the device, see `quick_dtype`).

    With U S V' the singular value decomposition of a matrix, the exact answer would be U V'. `steps` rounds
    leave U S' V' with S' between about 0.7 and 1.2 for all but the smallest S. A zero matrix stays zero.
    """
    a, b, c = COEFFICIENTS
    dtype = dtype or quick_dtype(matrices.device)
    lengths = torch.linalg.vector_norm(matrices, dim=(1, 2), keepdim=True, dtype=torch.float32)
    x = (matrices / lengths.clamp_min(1e-7)).to(dtype)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x  # [count, small, large]: the products below are [small, small]
    for _ in range(steps):
        gram = torch.bmm(x, x.mT)
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x.mT if tall else x


def quick_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it faster than float32, else float32.

    Eight bits of mantissa are enough: the iteration's own result is only near orthogonal.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    if device.type == "cpu" and multiplies_bfloat16():
        return torch.bfloat16
    return torch.float32


class Muon(torch.optim.Optimizer):
    """Muon on the groups with `muon=True`, SGD on the others; the option may differ from group to group.

    lr: step size. For Muon the update has singular values near 1, whatever the gradient's scale.
    momentum, nesterov: b <- momentum b + g, then step by g + momentum b (Nesterov) or b.
    weight_decay: in SGD groups added to the gradient (L2); in Muon groups decoupled (p <- p - lr wd p).
    steps: Newton-Schulz rounds.
    renormalize: before each step scale each filter tensor to the length sqrt(out), as K. Jordan's CIFAR-10
        speed runs (2024) do: with batch norm behind, a filter's length only sets its effective step size.
    dtype: of the Newton-Schulz arithmetic; None for the quickest on the device.

    A group's `lr` may be a tensor on the device of its parameters, so that a captured CUDA graph can be
    replayed while the rate changes. No step waits for the device.
    """

    # PyTorch's own methods without the wrapper whose first call imports its compiler, which takes a second.
    add_param_group = unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = unwrap(torch.optim.Optimizer.zero_grad)
    state_dict = unwrap(torch.optim.Optimizer.state_dict)
    load_state_dict = unwrap(torch.optim.Optimizer.load_state_dict)

    def __init__(
        self,
        params: Iterable[dict[str, Any]] | Iterable[Tensor],
        lr: float | Tensor = 0.02,
        *,
        momentum: float = 0.6,
        nesterov: bool = True,
        weight_decay: float = 0.0,
        steps: int = 5,
        renormalize: bool = True,
        muon: bool = True,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Raises ValueError for parameters of fewer than two dimensions in a Muon group."""
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "nesterov": nesterov,
            "weight_decay": weight_decay,
            "steps": steps,
            "renormalize": renormalize,
            "muon": muon,
        }
        super().__init__(params, defaults)
        self.dtype = dtype
        for group in self.param_groups:
            flat = [tuple(p.shape) for p in group["params"] if group["muon"] and p.ndim < 2]
            if flat:
                raise ValueError(f"Muon steps matrices and filters, not parameters of shape {flat[0]}")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step on all groups; returns what `closure` (gradients anew) returned, or None."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if parameters:
                (self._step_muon if group["muon"] else self._step_sgd)(parameters, group)
        return loss

    def _step_sgd(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        gradients = _gradients(parameters)
        if group["weight_decay"]:
            gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))
        _subtract(parameters, self._with_momentum(parameters, gradients, group), group["lr"])

    def _step_muon(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        updates = self._with_momentum(parameters, _gradients(parameters), group)
        updates = _orthogonal_updates(updates, group["steps"], self.dtype)
        if group["renormalize"]:
            _renormalize(parameters)
        if group["weight_decay"]:
            torch._foreach_mul_(parameters, 1.0 - group["lr"] * group["weight_decay"])
        _subtract(parameters, updates, group["lr"])

    def _with_momentum(
        self, parameters: list[Tensor], gradients: list[Tensor], group: dict[str, Any]
    ) -> list[Tensor]:
        """Bring the momentum buffers up to date; the direction of the step, before its length."""
        momentum = group["momentum"]
        if not momentum:
            return gradients
        for p in parameters:
            if "momentum_buffer" not in self.state[p]:
                self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        buffers = [self.state[p]["momentum_buffer"] for p in parameters]
        torch._foreach_mul_(buffers, momentum)
        torch._foreach_add_(buffers, gradients)
        if not group["nesterov"]:
            return buffers
        return list(torch._foreach_add(gradients, buffers, alpha=momentum))


def _gradients(parameters: list[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


def _renormalize(parameters: list[Tensor]) -> None:
    """Scale each parameter to the length sqrt(out)."""
    scales = torch._foreach_norm(parameters)
    torch._foreach_clamp_min_(scales, 1e-7)
    torch._foreach_reciprocal_(scales)
    torch._foreach_mul_(scales, [len(p) ** 0.5 for p in parameters])
    torch._foreach_mul_(parameters, scales)


def _subtract(parameters: list[Tensor], updates: list[Tensor], rate: float | Tensor) -> None:
    """p <- p - rate * update, for a rate that may live on the device."""
    if isinstance(rate, Tensor):
        torch._foreach_sub_(parameters, list(torch._foreach_mul(updates, rate)))
    else:
        torch._foreach_add_(parameters, updates, alpha=-rate)


def _orthogonal_updates(updates: list[Tensor], steps: int, dtype: torch.dtype | None) -> list[Tensor]:
    """Each update made orthogonal, in its own shape and type; equal shapes share one batched product."""
    results: list[Tensor] = list(updates)
    for indices in _equal_shapes(updates):
        batch = torch.stack([_as_matrix(updates[i]) for i in indices])  # [count, out, in * height * width]
        for i, matrix in zip(indices, orthogonalize(batch, steps, dtype).unbind(), strict=True):
            results[i] = _from_matrix(matrix, updates[i])
    return results


def _equal_shapes(tensors: list[Tensor]) -> Iterator[list[int]]:
    """The indices of tensors that can be stacked, shape by shape."""

    def key(index: int) -> tuple[Any, ...]:
        tensor = tensors[index]
        return (str(tensor.device), len(tensor), tensor[0].numel())

    for _, indices in groupby(sorted(range(len(tensors)), key=key), key=key):
        yield list(indices)


def _as_matrix(filters: Tensor) -> Tensor:
    """[out, in, height, width] as [out, in * height * width], without a copy in either memory format.

    The order of the columns does not matter: permuting them permutes the columns of the result.
    """
    if _is_channels_last(filters):
        filters = filters.permute(0, 2, 3, 1)
    return filters.reshape(len(filters), -1)


def _from_matrix(matrix: Tensor, like: Tensor) -> Tensor:
    """`matrix` back in the shape, order and type of `like`."""
    if _is_channels_last(like):
        out, channels, height, width = like.shape
        return matrix.reshape(out, height, width, channels).permute(0, 3, 1, 2).to(like.dtype)
    return matrix.reshape(like.shape).to(like.dtype)


def _is_channels_last(tensor: Tensor) -> bool:
    return (
        tensor.ndim == 4
        and tensor.is_contiguous(memory_format=torch.channels_last)
        and not tensor.is_contiguous()
    )
