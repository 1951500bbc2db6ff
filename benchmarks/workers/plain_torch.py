"""A plain PyTorch loop as most people write it: DataLoader, per-image crop and flip, channels last."""

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from benchmarks.workers.common import arguments, images_and_labels, report
from hundred.models.registry import build


class Images(Dataset[tuple[torch.Tensor, int]]):
    """Per-image random crop with padding 4 and flip, as in the usual CIFAR scripts."""

    def __init__(self, where: str) -> None:
        images, self.labels = images_and_labels(where)
        self.images = torch.from_numpy(images).permute(0, 3, 1, 2)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = F.pad(self.images[index].float() / 255, (4, 4, 4, 4))
        top, left = (int(number) for number in torch.randint(9, (2,)))
        image = image[:, top : top + 32, left : left + 32]
        if torch.rand(()) < 0.5:
            image = image.flip(2)
        return (image - 0.5) / 0.25, int(self.labels[index])


def main() -> None:
    """Train the network named by `--backend` with SGD, Nesterov momentum."""
    options = arguments()
    network = build(options.backend or "sprint").to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loader = DataLoader(Images(options.data), options.batch, shuffle=True, drop_last=True)
    batches = iter(loader)

    def step() -> None:
        nonlocal batches
        try:
            inputs, targets = next(batches)
        except StopIteration:
            batches = iter(loader)
            inputs, targets = next(batches)
        optimizer.zero_grad()
        F.cross_entropy(network(inputs.to(memory_format=torch.channels_last)), targets).backward()
        optimizer.step()

    report(step, options)


if __name__ == "__main__":
    main()
