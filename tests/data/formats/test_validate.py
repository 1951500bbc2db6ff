"""The check of what was read: passes CIFAR-100's counts and names each fault in one line."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hundred.data.formats.raw import Raw, RawSplit
from hundred.data.formats.validate import check, check_split, missing_of_cifar100
from hundred.data.names import FINE_TO_COARSE
from hundred.errors import HundredError
from tests.making.archives import made_split

WHOLE = made_split(3, seed=1)
SET = Raw(WHOLE, WHOLE)


def relabelled(at: int, fine: int) -> RawSplit:
    labels = WHOLE.fine.copy()
    labels[at] = fine
    return replace(WHOLE, fine=labels, coarse=np.array(FINE_TO_COARSE, np.uint8)[np.minimum(labels, 99)])


def regrouped(at: int, coarse: int) -> RawSplit:
    labels = WHOLE.coarse.copy()
    labels[at] = coarse
    return replace(WHOLE, coarse=labels)


def empty() -> RawSplit:
    return RawSplit(WHOLE.images[:0], WHOLE.fine[:0], WHOLE.coarse[:0])


def test_a_whole_split_passes() -> None:
    check_split(WHOLE, SET, "x")


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (lambda: replace(WHOLE, images=WHOLE.images[:, :, :31]), r"images of 32x31 are not square"),
        (lambda: replace(WHOLE, images=WHOLE.images.astype(np.float32)), r"float32 of shape"),
        (lambda: replace(WHOLE, images=WHOLE.images[:-1]), r"299 images but 300 fine labels"),
        (lambda: replace(WHOLE, coarse=WHOLE.coarse[:-2]), r"300 images but 298 superclass labels"),
        (lambda: relabelled(7, 100), r"image 7 has the fine label 100; labels go from 0 to 99"),
        (lambda: regrouped(8, 20), r"image 8 has the superclass label 20; labels go from 0 to 19"),
        (lambda: regrouped(9, (WHOLE.coarse[9] + 1) % 20), r"image 9 is a '\w+' in superclass .+ \(1 such\)"),
        (empty, r"there are none"),
    ],
)  # fmt: skip
def test_each_fault_is_named_in_one_line(broken: Callable[[], RawSplit], expected: str) -> None:
    with pytest.raises(HundredError) as caught:
        check_split(broken(), SET, "here")
    text = str(caught.value)
    assert text.startswith("here: ")
    assert "\n" not in text
    assert re.search(expected, text), text


def test_the_split_at_fault_is_named(small: Raw) -> None:
    check(small, "data")
    broken = replace(small.test, fine=small.test.fine + 100)
    with pytest.raises(HundredError, match=r"^data, test images: image 0 has the fine label"):
        check(replace(small, test=broken), "data")
    with pytest.raises(HundredError, match=r"^data, training images: image 0 has the fine label"):
        check(replace(small, train=broken), "data")


def test_a_class_without_training_images_is_named(small: Raw) -> None:
    kept = small.train.fine != 3
    train = RawSplit(small.train.images[kept], small.train.fine[kept], small.train.coarse[kept])
    with pytest.raises(HundredError, match="none of class 'bear'"):
        check(replace(small, train=train), "data")


def test_what_lacks_of_cifar_100_is_said(small: Raw, small_is_whole: None) -> None:
    assert missing_of_cifar100(small) == ""
    assert missing_of_cifar100(replace(small, test=small.train)) == (
        "200 test images, 2 of class 'apple' instead of 1 (and 99 more classes are off)"
    )
