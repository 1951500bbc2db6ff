"""What torch, Keras and ONNX Runtime give for the same network and images."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

MEAN, STD = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)


class References:
    """What others give for the same network and images."""

    def torch(self, network: nn.Module, pixels: np.ndarray) -> np.ndarray:
        """The torch network itself, for uint8 [n, rows, columns, 3] normalized beside it."""
        x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        x = (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        with torch.no_grad():
            return network(x).numpy()

    @contextmanager
    def keras(self) -> Iterator[Any]:
        """The Keras package. What it warns of is not ours to mend: deprecated calls into NumPy and torch."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield pytest.importorskip("keras")

    def keras_file(self, path: Path, images: np.ndarray) -> tuple[np.ndarray, int]:
        """What Keras gives for a file and images, and its count of parameters."""
        with self.keras() as keras:
            model = keras.saving.load_model(path, compile=False)
            return model.predict(images.astype(np.float32), verbose=0), model.count_params()

    def onnx_file(self, path: Path, pixels: np.ndarray) -> np.ndarray:
        """What ONNX Runtime gives for a file and images."""
        runtime = pytest.importorskip("onnxruntime")
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return session.run(None, {"image": pixels.astype(np.float32)})[0]
