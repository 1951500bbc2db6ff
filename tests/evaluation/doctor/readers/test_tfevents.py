"""TensorBoard's event files: read as TensorBoard's own writer and Keras' callback lay them out.

`events/torch` was written by torch's SummaryWriter (scalars as floats, and a histogram), `events/keras` with
TensorBoard's EventFileWriter as Keras' callback writes (scalars as tensors, a folder for each phase).
"""

import shutil
import struct
from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.evaluation.doctor.readers.sources import read_anything
from hundred.evaluation.doctor.reading import Reading

EVENTS = Path(__file__).parent / "events"
FILE = next((EVENTS / "torch").iterdir())


def reading_of(path: Path) -> Reading:
    reading = read_anything(path).reading
    assert reading is not None
    return reading


@pytest.mark.parametrize("path", [EVENTS / "torch", FILE], ids=["folder", "file"])
def test_scalars_of_torch_are_epochs_with_their_figures(path: Path) -> None:
    history = read_anything(path)
    assert list(history.epoch) == [0, 1, 2, 3, 4]
    assert list(history.loss) == [3.0, 2.5, 2.0, 1.5, 1.0]
    assert list(history.val_loss) == [3.0, 2.75, 2.5, 2.25, 2.0]
    assert list(history.val_accuracy) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert history.learning_rate == pytest.approx([1e-3, 5e-4, 2.5e-4, 1.25e-4, 6.25e-5])


def test_folders_of_keras_are_training_and_validation() -> None:
    history = read_anything(EVENTS / "keras")
    assert list(history.loss) == [3.0, 2.5, 2.0, 1.5, 1.0]
    assert list(history.val_loss) == [3.0, 2.75, 2.5, 2.25, 2.0]
    assert list(history.accuracy) == list(history.val_accuracy) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert reading_of(EVENTS / "keras").framework == "keras"


def test_a_resumed_run_is_read_from_both_of_its_files(tmp_path: Path) -> None:
    shutil.copy(FILE, tmp_path / "events.out.tfevents.1.host")
    shutil.copy(FILE, tmp_path / "events.out.tfevents.2.host")
    assert len(reading_of(tmp_path).trainings) == 2


def test_large_frames_are_skipped_and_a_frame_cut_off_ends_the_file(tmp_path: Path) -> None:
    image = struct.pack("<QI", 200_000, 0) + bytes(200_004)
    path = tmp_path / "events.out.tfevents.1.host"
    path.write_bytes(image + FILE.read_bytes()[:-3])
    assert list(read_anything(path).loss) == [3.0, 2.5, 2.0, 1.5, 1.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epoch,loss\n1,2.0\n2,1.0\n", "no event file of TensorBoard"),
        (struct.pack("<QI", 4, 0) + b"\xff" * 4 + bytes(4), "is damaged"),
        (struct.pack("<QI", 4, 0) + b"\x2a\x7f\x00\x00" + bytes(4), "is damaged"),  # longer than the frame
        (struct.pack("<QI", 2, 0) + b"\x10\x01" + bytes(4), "no scalars"),
        (b"", "no scalars"),
    ],
)
def test_what_is_no_event_file_is_refused_in_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1.host"
    path.write_bytes(content)
    with pytest.raises(HundredError, match=message) as error:
        read_anything(path)
    assert "\n" not in str(error.value)
