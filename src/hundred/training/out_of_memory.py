"""How PyTorch reports that memory ran out, on a CPU and on a GPU."""

import torch

CPU_MESSAGES = ("DefaultCPUAllocator", "can't allocate memory", "not enough memory")
# PyTorch's GPU allocator raises a type of its own; these come from the driver and its libraries.
GPU_MESSAGES = (
    "CUDA error: out of memory",
    "ALLOC_FAILED",
    "ALLOCATION_FAILED",
    "MPS backend out of memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` reports that the machine or the GPU has too little memory."""
    return (
        isinstance(error, MemoryError)
        or is_gpu_out_of_memory(error)
        or any(message in str(error) for message in CPU_MESSAGES)
    )


def is_gpu_out_of_memory(error: BaseException) -> bool:
    """Whether `error` reports that the GPU has too little memory."""
    return isinstance(error, torch.OutOfMemoryError) or any(message in str(error) for message in GPU_MESSAGES)


def where_out_of_memory(error: BaseException) -> str:
    """What ran out of memory, for a message: "the GPU" or "this machine"."""
    return "the GPU" if is_gpu_out_of_memory(error) else "this machine"
