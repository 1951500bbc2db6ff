"""Sets known by a name: their published files, with checksums where they are published, and mirrors."""

from dataclasses import dataclass

# Before OWNER/NAME, a set of the Hugging Face hub.
HUB = "hf:"
_CIFAR = "https://www.cs.toronto.edu/~kriz"
ARCHIVE_NAME = "cifar-100-python.tar.gz"
OFFICIAL_URL = f"{_CIFAR}/{ARCHIVE_NAME}"
OFFICIAL_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"


@dataclass(frozen=True)
class RemoteFile:
    """One published file. urls: mirrors of the same bytes. md5: as published, '' where none is known here:
    then the first download is remembered, and a later one must be the same."""

    name: str
    urls: tuple[str, ...]
    md5: str = ""


@dataclass(frozen=True)
class NamedSet:
    """A set by name.

    title: for people. most_bytes: of its largest file; more is another file. hub: where the Hugging Face hub
    has the same images in its own form (`OWNER/NAME` or `OWNER/NAME:CONFIG`), which is taken where it is
    quicker; '' where it has not. hub_splits: of it, where there is more.
    """

    name: str
    title: str
    files: tuple[RemoteFile, ...]
    most_bytes: int
    hub: str = ""
    hub_splits: tuple[str, ...] = ("train", "test")


_MNIST = (
    ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
    ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
    ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
)
_FASHION = (
    ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
    ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
    ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
)
_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
_FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
)


def _files(listed: tuple[tuple[str, str], ...], mirrors: tuple[str, ...]) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(name, tuple(f"{home}/{name}" for home in mirrors), md5) for name, md5 in listed)


# MD5 sums: CIFAR's from its page, Fashion-MNIST's from its README, MNIST's and SVHN's as torchvision checks
# them (torchvision/datasets/mnist.py and svhn.py), Tiny ImageNet's as Avalanche does. The images of svhn that
# its publisher calls `extra` are not part of the set.
NAMED_SETS = {
    each.name: each
    for each in (
        NamedSet(
            "cifar100",
            "CIFAR-100",
            (RemoteFile(ARCHIVE_NAME, (OFFICIAL_URL,), OFFICIAL_MD5),),
            400_000_000,
            "uoft-cs/cifar100",
        ),
        NamedSet(
            "cifar10",
            "CIFAR-10",
            (
                RemoteFile(
                    "cifar-10-python.tar.gz",
                    (f"{_CIFAR}/cifar-10-python.tar.gz",),
                    "c58f30108f718f92721af3b95e74349a",
                ),
            ),
            400_000_000,
            "uoft-cs/cifar10",
        ),
        NamedSet("mnist", "MNIST", _files(_MNIST, _MNIST_MIRRORS), 50_000_000),
        NamedSet("fashion-mnist", "Fashion-MNIST", _files(_FASHION, _FASHION_MIRRORS), 100_000_000),
        NamedSet(
            "svhn",
            "SVHN",
            _files(
                (
                    ("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
                    ("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
                ),
                ("http://ufldl.stanford.edu/housenumbers",),
            ),
            400_000_000,
            "ufldl-stanford/svhn:cropped_digits",
        ),
        NamedSet(
            "tiny-imagenet",
            "Tiny ImageNet",
            (
                RemoteFile(
                    "tiny-imagenet-200.zip",
                    ("http://cs231n.stanford.edu/tiny-imagenet-200.zip",),
                    "90528d7ca1a48142e341f4ef8d21d0de",
                ),
            ),
            600_000_000,
        ),
    )
}
COARSE = "cifar100-coarse"  # CIFAR-100 with its 20 superclasses as classes
NAMES = ("sample", *NAMED_SETS, COARSE)
