"""One training over several processes, started by PyTorch's `torchrun`: each takes a part of every batch.

The result is that of one process but for the order of sums: gradients and losses are those of the whole
batch, and batch norm takes its statistics over all of it (Ioffe & Szegedy 2015, over the parts as one).
Every process draws and augments the whole batch, as one process would, and then keeps its part.

Process 0 alone has callbacks and decides when time is up; the others follow after each epoch. Objects are
sent as torch.save writes them and read with `weights_only`.
"""

import atexit
import io
import os
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from hundred.data.dataset import Split
from hundred.errors import HundredError, UsageError
from hundred.training.metrics import RunningMetrics
from hundred.training.strategies.accumulate import accumulate
from hundred.training.strategies.base import ForwardBackward

# How long other processes wait for process 0 to test, draw and write, or to begin its next run.
TIMEOUT = timedelta(days=7)


def place() -> tuple[int, int, int]:
    """(rank, processes, rank on this machine), as torchrun sets them; (0, 1, 0) without it."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    if any(name not in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")):
        return 0, 1, 0
    try:
        rank, size, local = (int(os.environ.get(name, "0")) for name in names)
    except ValueError:
        return 0, 1, 0
    return rank, size, local


def follows() -> bool:
    """Whether this process is not process 0, which does all writing and printing."""
    return place()[0] > 0


def device_here(name: str) -> str:
    """The device of this process for `--device NAME`: on GPUs each process of a machine has its own.

    Raises UsageError where there are fewer GPUs than processes, or one of them is named.
    """
    rank, _, local = place()
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return name
    if name != "cuda":
        if rank > 0:
            raise SystemExit(UsageError.exit_code)  # process 0 reports it for all
        raise UsageError(f"--device {name}: under torchrun each process takes its own GPU: say cuda, or cpu")
    if local >= torch.cuda.device_count():
        raise UsageError(
            f"torchrun started {local + 1} processes or more here, but this machine has "
            f"{torch.cuda.device_count()} GPUs: give --nproc-per-node their number, or --device cpu"
        )
    return f"cuda:{local}"


class DistributedStrategy:
    """The processes of one training; see `Strategy`.

    running: whether a run is in progress, in which the others wait for no `broadcast`.
    """

    def __init__(self, rank: int, size: int, device: torch.device) -> None:
        """Join the process group. Raises HundredError where the others cannot be reached."""
        import torch.distributed as dist

        self.micro_batches, self.warning, self.running = 1, "", False
        self.rank, self.size, self._dist = rank, size, dist
        try:
            if not dist.is_initialized():
                _init_process_group(device)
            # Objects go over the CPU, so that waiting for them neither times out nor occupies a GPU.
            self._cpu_group = dist.new_group(backend="gloo", timeout=TIMEOUT)
        except (RuntimeError, ValueError) as error:
            line = str(error).strip().splitlines()[0]
            raise HundredError(
                f"process {rank} of {size} could not reach the others: {line[:200]}"
            ) from error

    def start(self, network: nn.Module) -> None:
        """Give all processes the weights of process 0, and batch norms the statistics of whole batches."""
        self._broadcast_weights(network)
        other = set()
        for module in network.modules():
            if isinstance(module, _BatchNorm):
                # A subclass with its own forward does more than normalize, and is left as it is.
                if _is_plain(module):
                    module.forward = partial(sync_batch_norm, module)  # type: ignore[method-assign]
                else:
                    other.add(type(module).__name__)
        if other:
            self.warning = (
                f"{', '.join(sorted(other))} takes its statistics over each process's part of a batch"
            )

    def backward(
        self, network: nn.Module, forward_backward: ForwardBackward, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Leave the gradient of the whole batch's mean loss in `network`; return that loss and the hits.

        A batch with fewer images than processes is done by all of them whole, each for its share.
        """
        whole = len(inputs) < self.size
        images = inputs if whole else inputs.tensor_split(self.size)[self.rank]
        labels = targets if whole else targets.tensor_split(self.size)[self.rank]
        weight = 1.0 / self.size if whole else len(images) / len(inputs)
        loss, correct = accumulate(network, forward_backward, images, labels, self.micro_batches, weight)
        hits = correct * weight if whole else correct
        figures = torch.stack([loss.detach() * weight, hits.to(loss.dtype)])
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        flat = torch.cat([*(each.flatten() for each in gradients), figures.to(loss.dtype)])
        self._dist.all_reduce(flat)
        pieces = flat.split([*(each.numel() for each in gradients), 2])
        for each, piece in zip(gradients, pieces, strict=False):
            each.copy_(piece.view_as(each))
        return pieces[-1][0], pieces[-1][1].round().long()

    def any_rank(self, *flags: bool) -> tuple[bool, ...]:
        """For each flag, whether any process has set it."""
        values = torch.tensor(flags, dtype=torch.uint8)
        self._dist.all_reduce(values, op=self._dist.ReduceOp.MAX, group=self._cpu_group)
        return tuple(bool(value) for value in values)

    def shard(self, split: Split) -> Split:
        """The images of `split` that this process evaluates."""
        return split.take(torch.arange(self.rank, len(split), self.size, device=split.images.device))

    def all_reduce(self, metrics: RunningMetrics) -> None:
        """Make `metrics` those of all processes' images."""
        metrics.combine(self._dist.all_reduce)

    def sync_from_rank0(self, network: nn.Module, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give `network` the weights of process 0; return the `state` of process 0."""
        self._broadcast_weights(network)
        return self.broadcast(state)

    def broadcast(self, content: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The `content` of process 0: plain values and tensors, which arrive on the CPU."""
        data = torch.zeros(0, dtype=torch.uint8)
        if self.rank == 0:
            buffer = io.BytesIO()
            torch.save(content, buffer)
            data = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
        length = torch.tensor([len(data)])
        self._dist.broadcast(length, 0, group=self._cpu_group)
        if self.rank > 0:
            data = torch.empty(int(length), dtype=torch.uint8)
        self._dist.broadcast(data, 0, group=self._cpu_group)
        received: Mapping[str, Any] = torch.load(io.BytesIO(data.numpy().tobytes()), "cpu", weights_only=True)
        return received

    @torch.no_grad()
    def _broadcast_weights(self, network: nn.Module) -> None:
        for value in network.state_dict().values():
            whole = value.contiguous()  # a broadcast takes no other memory order
            self._dist.broadcast(whole, 0)
            if whole is not value:
                value.copy_(whole)


def _is_plain(norm: _BatchNorm) -> bool:
    return type(norm).forward is _BatchNorm.forward and norm.track_running_stats and norm.momentum is not None


def _init_process_group(device: torch.device) -> None:
    import torch.distributed as dist

    if device.type == "cuda":
        torch.cuda.set_device(device)
        dist.init_process_group("nccl", device_id=device)
    else:
        dist.init_process_group("gloo")
    atexit.register(_destroy_process_group)


def _destroy_process_group() -> None:
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes, each of which has a loss that depends on it."""

    @staticmethod
    def forward(_ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        torch.distributed.all_reduce(total)
        return total


def sync_batch_norm(norm: _BatchNorm, images: Tensor) -> Tensor:
    """The output of `norm` for the parts of all processes as one batch; in evaluation mode as usual.

    images: float [n, channels, ...], of any floating type. Statistics are added up in float64, where the
    mean of squares less the square of the mean loses nothing that float32 could show.
    """
    if not norm.training:
        return F.batch_norm(
            images, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps
        )
    over = [axis for axis in range(images.dim()) if axis != 1]
    count = images.numel() // images.shape[1]
    variance, mean = torch.var_mean(images.float(), dim=over, correction=0)
    mean, variance = mean.double(), variance.double()
    moments = torch.cat([mean, variance + mean.square(), torch.ones_like(mean[:1])]) * count
    total: Tensor = _Sum.apply(moments)
    mean, square = (total[:-1] / total[-1]).chunk(2)
    variance = (square - mean.square()).clamp(min=0.0)
    if norm.running_mean is not None and norm.running_var is not None:
        with torch.no_grad():
            share = norm.momentum or 0.0
            unbiased = variance * (total[-1] / (total[-1] - 1))
            norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), share)
            norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), share)
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked += 1
    shape = [1, -1, *([1] * (images.dim() - 2))]
    scale = (variance + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight
    shift = -mean * scale
    if norm.bias is not None:
        shift = shift + norm.bias
    normed = torch.addcmul(shift.float().view(shape), images.float(), scale.float().view(shape))
    return normed.to(images.dtype)
