"""Which number formats this machine's processor multiplies in hardware."""

from functools import cache

import torch


@cache
def has_amx() -> bool:
    """Whether the CPU has AMX tiles."""
    return _supported("_is_amx_tile_supported")


@cache
def multiplies_bfloat16() -> bool:
    """Whether the CPU has AVX-512 BF16 or AMX."""
    return _supported("_is_avx512_bf16_supported") or has_amx()


def _supported(name: str) -> bool:
    # Private until torch gives these tests a public name; absent ones count as no.
    test = getattr(torch.cpu, name, None)
    return test is not None and bool(test())
