"""A plain PyTorch training to an accuracy, as most people write it; a JSON line after each epoch.

`--network resnet18`: SGD with Nesterov momentum, one cycle, crop and flip on whole batches, float32.
`--network airbench`: K. Jordan's airbench94 (2024, arXiv:2404.00498) with 100 classes, after the paper: its
network, whitening, flips in turns and translation, optimizer and schedule, bfloat16 where it is multiplied in
hardware; without its test-time augmentation, as every rival here is tested with one view.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hundred.data.opening.open import open_dataset
from hundred.models.processor import multiplies_bfloat16
from hundred.models.registry import build


class Group(nn.Module):
    """Convolution - pooling - norm - GELU - convolution - norm - GELU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, padding="same", bias=False)
        self.second = nn.Conv2d(after, after, 3, padding="same", bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(after, momentum=0.4, eps=1e-12) for _ in range(2))
        for convolution in (self.first, self.second):
            nn.init.dirac_(convolution.weight[: convolution.in_channels])
        for norm in self.norms:
            norm.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """[n, before, h, w] to [n, after, h // 2, w // 2]."""
        x = F.gelu(self.norms[0](F.max_pool2d(self.first(x), 2)))
        return F.gelu(self.norms[1](self.second(x)))


class Airbench(nn.Module):
    """float [n, 3, 32, 32] -> logits [n, 100]."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2, bias=True)
        self.groups = nn.Sequential(Group(24, 64), Group(64, 256), Group(256, 256))
        self.head = nn.Linear(256, 100, bias=False)
        patches = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (vectors / (values + 5e-4).sqrt()).T.reshape(12, 3, 2, 2)
        self.whiten.weight.data = torch.cat([filters, -filters])
        self.whiten.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.groups(F.gelu(self.whiten(x)))
        return self.head(F.max_pool2d(x, 3).flatten(1)) / 9


def augmented(images: Tensor, border: int, flips: Tensor) -> Tensor:
    """Each image shifted by up to `border` pixels, and flipped where `flips`, bool [n], says so."""
    n = len(images)
    padded = F.pad(images, (border,) * 4, mode="reflect")
    places = torch.randint(2 * border + 1, (n, 2))
    rows, columns = (places[:, i, None] + torch.arange(32) for i in range(2))
    image, channel = torch.arange(n)[:, None, None, None], torch.arange(3)[None, :, None, None]
    moved = padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return torch.where(flips[:, None, None, None], moved.flip(3), moved)


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--network", choices=("resnet18", "airbench"), required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--images", type=int, default=0, help="how many to train and to test on; 0 is all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    dataset = open_dataset(options.data)
    limit = options.images or None
    mean = torch.tensor([0.507, 0.487, 0.441])[None, :, None, None]
    std = torch.tensor([0.267, 0.256, 0.276])[None, :, None, None]
    train, test = ((split.images[:limit] / 255 - mean) / std for split in (dataset.train, dataset.test))
    train_labels, test_labels = dataset.train.fine[:limit], dataset.test.fine[:limit]
    make = airbench if options.network == "airbench" else resnet18
    training = make(train, options.epochs)
    for epoch in range(options.epochs):
        train_epoch(training, train, train_labels, epoch)
        seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - started()
        accuracy = tested(training.network, test, test_labels)
        print(json.dumps({"epoch": epoch + 1, "seconds": seconds, "accuracy": accuracy}), flush=True)


@dataclass
class Training:
    """A network and how it is trained. border: most of a shift. in_turns: flips. total: summed loss."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    rates: torch.optim.lr_scheduler.LRScheduler
    batch: int
    border: int
    in_turns: bool
    label_smoothing: float
    total: bool
    dtype: torch.dtype


def resnet18(train: Tensor, epochs: int) -> Training:
    """The usual settings, one cycle."""
    network = build("resnet18", classes=100).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch = min(128, len(train))
    optimizer = torch.optim.SGD(network.parameters(), 0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.2, total_steps=max(epochs * (len(train) // batch), 2), cycle_momentum=False
    )
    return Training(network, optimizer, rates, batch, 4, False, 0.0, False, torch.float32)


def airbench(train: Tensor, epochs: int) -> Training:
    """The paper's settings: its rate and decay are for 1,024 images and a momentum's worth of steps."""
    network = Airbench(train[:5000]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch, momentum = min(1024, len(train)), 0.85
    scale = 1024 * (1 + 1 / (1 - momentum))
    rate, decay = 11.5 / scale, 0.0153 * batch / scale
    biases = [module.bias for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    known = {id(bias) for bias in biases}
    rest = [each for each in network.parameters() if each.requires_grad and id(each) not in known]
    groups = [
        {"params": rest, "lr": rate, "weight_decay": decay / rate},
        {"params": biases, "lr": 64 * rate, "weight_decay": decay / (64 * rate)},
    ]
    optimizer = torch.optim.SGD(groups, momentum=momentum, nesterov=True)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [rate, 64 * rate],
        total_steps=max(epochs * (len(train) // batch), 2),
        pct_start=0.23,
        anneal_strategy="linear",
        cycle_momentum=False,
        div_factor=5.0,
        final_div_factor=0.2 / 0.07,
    )
    dtype = torch.bfloat16 if multiplies_bfloat16() else torch.float32
    return Training(network, optimizer, rates, batch, 2, True, 0.2, True, dtype)


def train_epoch(training: Training, images: Tensor, labels: Tensor, epoch: int) -> None:
    """One pass; an incomplete last batch is left out."""
    training.network.train()
    order = torch.randperm(len(images))
    for indices in order[: len(order) // training.batch * training.batch].split(training.batch):
        flips = torch.rand(len(indices)) < 0.5
        if training.in_turns:  # of half the images in even epochs, of the others in odd ones
            flips = ((indices * 2_654_435_761) % 2**32 < 2**31) ^ bool(epoch % 2)
        inputs = augmented(images[indices], training.border, flips).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=training.dtype == torch.bfloat16):
            logits = training.network(inputs)
        loss = F.cross_entropy(
            logits.float(),
            labels[indices],
            label_smoothing=training.label_smoothing,
            reduction="sum" if training.total else "mean",
        )
        training.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        training.optimizer.step()
        training.rates.step()


def started() -> float:
    """When this process began, in seconds after the machine did."""
    stat = Path("/proc/self/stat").read_text(encoding="ascii")
    return int(stat.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


@torch.inference_mode()
def tested(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Accuracy, one view, float32."""
    network.eval()
    logits = [network(part.to(memory_format=torch.channels_last)) for part in images.split(500)]
    return float((torch.cat(logits).argmax(1) == labels).float().mean())


if __name__ == "__main__":
    main()
