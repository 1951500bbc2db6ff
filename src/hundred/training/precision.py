"""The fastest arithmetic of a device, and the autocast context for it."""

from contextlib import AbstractContextManager, nullcontext

import torch

from hundred.models.processor import multiplies_bfloat16


def choose_precision(wanted: str, device: torch.device) -> torch.dtype:
    """`auto` is bfloat16 where the device multiplies it in hardware, else float32.

    On a CPU that means AVX-512 BF16 or AMX: there large convolutions ran at twice the float32 rate; without
    them bfloat16 is emulated and slower.
    """
    if wanted != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[wanted]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu" and multiplies_bfloat16():
        return torch.bfloat16
    return torch.float32


def mixed_precision(dtype: torch.dtype, device: torch.device) -> AbstractContextManager[object]:
    """Autocast to `dtype` on `device`; nothing at all for float32."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype=dtype)
