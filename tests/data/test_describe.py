"""A dataset in words."""

from hundred.data.describe import class_label, summary_line
from hundred.data.opening.load import as_dataset
from hundred.formatting import readable
from tests.making.archives import made


def test_a_dataset_and_its_classes_in_words(small_is_whole: None) -> None:
    dataset = as_dataset(made(), "0123456789abcdef", "/data/cifar-100-python")
    assert summary_line(dataset) == (
        "CIFAR-100: 200 training and 100 test images of 32x32, 100 fine classes in 20 superclasses, "
        "/data/cifar-100-python, digest 0123456789ab"
    )
    assert class_label(dataset, 1) == "aquarium fish (fish)"
    assert class_label(dataset, 13) == "bus (vehicles 1)"
    assert readable("large_man-made_outdoor_things") == "large man-made outdoor things"
