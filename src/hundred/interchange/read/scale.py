"""The pixel scales that networks are trained on: each turns pixels into (pixel / 255 - mean) / std."""

from collections.abc import Sequence
from dataclasses import dataclass

from hundred.errors import UsageError

#: Mean and standard deviation of CIFAR-100's training pixels in 0..1 units, for the scale "standard".
CIFAR100_MEAN = (0.5071, 0.4865, 0.4409)
CIFAR100_STD = (0.2673, 0.2564, 0.2762)


@dataclass(frozen=True)
class Scale:
    """mean, std: of red, green and blue, in 0..1 units. reverse: blue comes first."""

    name: str
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    reverse: bool = False


_PIXELS = (1 / 255, 1 / 255, 1 / 255)
_HALF = (0.5, 0.5, 0.5)
#: The means that the Caffe networks of 2012 to 2015 subtract (keras.applications, mode "caffe"), red first.
_CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)
#: ImageNet's, as torchvision and the mode "torch" of keras.applications have them.
_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

#: The scales by name, in the order in which they are tried on images.
SCALES = {
    each.name: each
    for each in (
        Scale("0-1"),
        Scale("0-255", std=_PIXELS),
        Scale("-1..1", _HALF, _HALF),
        Scale("caffe", _CAFFE_MEAN, _PIXELS, reverse=True),
        Scale("torch", _TORCH_MEAN, _TORCH_STD),
        Scale("standard", CIFAR100_MEAN, CIFAR100_STD),
    )
}
_ALIASES = {"tf": "-1..1", "-1-1": "-1..1", "0..1": "0-1", "0..255": "0-255"}
_ALLOWED = f"{', '.join(SCALES)}, tf (-1..1), or mean,mean,mean/std,std,std"


def scale_of(text: str) -> Scale:
    """The scale named `text`, or given there as `mean,mean,mean/std,std,std`.

    Numbers are in 0..1 units, or in pixel values where one of them is above 2. One number stands for three.
    Raises UsageError for anything else.
    """
    name = _ALIASES.get(text, text)
    if name in SCALES:
        return SCALES[name]
    mean_text, slash, std_text = text.partition("/")
    try:
        mean, std = _three(mean_text), _three(std_text)
    except ValueError:
        raise UsageError(f"scale is {text!r}, allowed is {_ALLOWED}") from None
    if not slash or min(std) <= 0:
        raise UsageError(f"scale is {text!r}, allowed is {_ALLOWED}, with deviations above 0")
    unit = 255 if max(*mean, *std) > 2 else 1
    return Scale(text, _divided(mean, unit), _divided(std, unit))


def _three(text: str) -> list[float]:
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) != 3 or not all(abs(number) < 1e6 for number in numbers):
        raise ValueError(text)
    return numbers


def _divided(numbers: Sequence[float], unit: float) -> tuple[float, float, float]:
    red, green, blue = (number / unit for number in numbers)
    return red, green, blue
