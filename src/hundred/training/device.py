"""Choosing a device by name."""

import torch

from hundred.errors import UsageError


def choose_device(name: str = "auto") -> torch.device:
    """`auto` is a CUDA GPU, else Apple's, else the CPU; otherwise the device called `name`.

    Raises UsageError where that device does not exist here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(
            f"--device {name!r} is no device; known are auto, cpu, cuda, cuda:0 and mps"
        ) from None
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present.get(device.type, False):
        raise UsageError(
            f"--device {name}: this machine, or its PyTorch, has no such device; try --device auto"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"--device {name}: there are {torch.cuda.device_count()} GPUs here, counted from cuda:0"
        )
    return device


def device_name(device: torch.device) -> str:
    """For display: `cpu (2 threads)` or the name of the GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu ({torch.get_num_threads()} threads)" if device.type == "cpu" else device.type
