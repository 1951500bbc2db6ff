"""Named sets and sets of the Hugging Face hub, brought into the user's cache from the quickest mirror."""

import json
import os
import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from hundred.data.download.download import addresses, download_file
from hundred.data.download.named import ARCHIVE_NAME, HUB, NAMED_SETS, NamedSet, RemoteFile
from hundred.data.download.transfer import BrokenError, Progress, RefusedError, fetch_json, shown, speed
from hundred.data.opening.cache import cache_folder
from hundred.errors import HundredError, UsageError
from hundred.files import write_json

_HUB_BYTES = 50_000_000_000
_RECORD = "downloaded.json"


def fetch_named(name: str, progress: Progress | None = None) -> Path:
    """The files of the set `name` in the user's cache, downloaded unless they are there; their folder or
    file.

    Where several mirrors have them, the quickest over the first megabytes is taken, the Hugging Face hub's
    copy among them; the others are tried after it.

    Raises HundredError naming each address and what became of it.
    """
    chosen = NAMED_SETS[name]
    folder = cache_folder() if name == "cifar100" else cache_folder() / name
    here = [folder / file.name for file in chosen.files]
    if not all(path.is_file() for path in here):
        copy = kept_of_hub(chosen.hub) or copy_of_hub(name, progress)
        if copy is not None:
            return copy
        chosen = replace(chosen, files=tuple(_quickest_first(file) for file in chosen.files))
    for file in chosen.files:
        download_file(
            folder, _with_mirror(chosen, file), chosen.title, most_bytes=chosen.most_bytes, progress=progress
        )
    return folder / chosen.files[0].name if len(chosen.files) == 1 else folder


def is_downloaded(name: str) -> bool:
    """Whether the set `name`, or `hf:OWNER/NAME`, is in the user's cache, so that no network is needed."""
    if name.startswith(HUB):
        return kept_of_hub(name.removeprefix(HUB)) is not None
    chosen = NAMED_SETS[name]
    here = all((cache_folder() / name / file.name).is_file() for file in chosen.files)
    return here or kept_of_hub(chosen.hub) is not None


def copy_of_hub(name: str, progress: Progress | None = None) -> Path | None:
    """The set `name` as the hub has it, where that comes quicker than from its publisher; else None."""
    chosen = NAMED_SETS[name]
    if not chosen.hub or _overridden() or not _hub_is_quicker(chosen):
        return None
    try:
        return fetch_hub(chosen.hub, progress, chosen.hub_splits)
    except HundredError:
        return None  # the publisher has it too


def fetch_hub(name: str, progress: Progress | None = None, splits: Collection[str] = ()) -> Path:
    """The parquet files of `OWNER/NAME` (or `OWNER/NAME:CONFIG`) of the hub in the user's cache; their
    folder. splits: only these; () for all.

    Raises UsageError for a malformed name, HundredError where there is no such set or it is not public.
    """
    kept = kept_of_hub(name)
    if kept is not None:
        return kept
    owner, title, config = _hub_name(name)
    folder = _hub_folder(owner, title)
    listed = _hub_files(owner, title)
    chosen = config or next(
        (each for each in (title, "default", "plain_text") if each in listed), next(iter(listed))
    )
    if chosen not in listed:
        raise UsageError(f"hf:{owner}/{title} has no configuration {chosen!r}: it has {', '.join(listed)}")
    names = []
    for split, urls in listed[chosen].items():
        if splits and split not in splits:
            continue
        for number, url in enumerate(urls):
            file = RemoteFile(f"{split}-{number:05}.parquet", (url,))
            place = folder / chosen
            download_file(place, file, f"hf:{owner}/{title}", most_bytes=_HUB_BYTES, progress=progress)
            names.append(file.name)
    known = _hub_record(folder)
    write_json(folder / _RECORD, known | {config or "": {"folder": chosen, "files": names}})
    return folder / chosen


def kept_of_hub(name: str) -> Path | None:
    """The folder with `OWNER/NAME` or `OWNER/NAME:CONFIG` in the user's cache, if it has been downloaded
    whole: then no network is needed.

    Raises UsageError for a malformed name.
    """
    if not name:
        return None
    owner, title, config = _hub_name(name)
    folder = _hub_folder(owner, title)
    match _hub_record(folder).get(config or ""):
        case {"folder": str(chosen), "files": [*names]} if names:
            whole = all((folder / chosen / str(each)).is_file() for each in names)
            return folder / chosen if whole else None
    return None


def _hub_name(name: str) -> tuple[str, str, str | None]:
    match = re.fullmatch(r"([\w.-]+)/([\w.-]+?)(?::([\w.-]+))?", name)
    if match is None or ".." in name:
        raise UsageError(f"hf:{name}: give the owner and the name of a data set, as hf:uoft-cs/cifar100")
    owner, title, config = match.groups()
    return owner, title, config


def _hub_folder(owner: str, title: str) -> Path:
    return cache_folder() / "hub" / f"{owner}--{title}"


def _hub_record(folder: Path) -> dict[str, Any]:
    """Folder and files of what has been downloaded whole, by the configuration asked for ('' for none)."""
    try:
        record = json.loads((folder / _RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _hub_files(owner: str, title: str) -> dict[str, dict[str, list[str]]]:
    """The addresses of the parquet files, by configuration and split."""
    url = f"{hub_address()}/api/datasets/{quote(owner)}/{quote(title)}/parquet"
    try:
        listed = fetch_json(url)
    except (RefusedError, BrokenError) as fault:
        raise HundredError(
            f"hf:{owner}/{title} could not be found: {shown(url)}: {fault}\n"
            "Check its name, or download it and give the path of its folder."
        ) from None
    match listed:
        case {**configs} if configs:
            return {str(config): _urls(splits) for config, splits in configs.items()}
    raise HundredError(
        f"hf:{owner}/{title} has no parquet files: download it and give the path of its folder"
    )


def _urls(splits: Any) -> dict[str, list[str]]:
    if not isinstance(splits, dict):
        return {}
    return {
        re.sub(r"\W", "_", str(split)): [url for url in urls if isinstance(url, str)]
        for split, urls in splits.items()
        if isinstance(urls, list)
    }


def hub_address() -> str:
    """The hub's address: HF_ENDPOINT, as the Hugging Face libraries have it, or the public one."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


def _overridden() -> bool:
    return bool(os.environ.get("HUNDRED_MIRROR") or os.environ.get("HUNDRED_URL"))


def _with_mirror(chosen: NamedSet, file: RemoteFile) -> RemoteFile:
    """`file` with the addresses that the environment names before its own."""
    if file.name == ARCHIVE_NAME and os.environ.get("HUNDRED_URL"):
        return replace(file, urls=tuple(addresses()))
    homes = [part for part in re.split(r"[\s,]+", os.environ.get("HUNDRED_MIRROR", "")) if part]
    for home in homes:
        if urlsplit(home).scheme not in ("http", "https"):
            raise UsageError(f"HUNDRED_MIRROR: {shown(home)!r} is not an http or https address")
    return replace(
        file, urls=(*(f"{home.rstrip('/')}/{chosen.name}/{file.name}" for home in homes), *file.urls)
    )


def _quickest_first(file: RemoteFile) -> RemoteFile:
    if len(file.urls) < 2 or _overridden():
        return file
    with ThreadPoolExecutor(len(file.urls)) as pool:
        speeds = dict(zip(file.urls, pool.map(speed, file.urls), strict=True))
    return replace(file, urls=tuple(sorted(file.urls, key=lambda url: -speeds[url])))


def _hub_is_quicker(chosen: NamedSet) -> bool:
    """Whether the hub's copy comes at twice the speed of the publisher's or more."""
    owner, _, named = chosen.hub.partition("/")
    title, _, config = named.partition(":")
    try:
        listed = _hub_files(owner, title)
        found = [listed[config]] if config in listed else listed.values()
        url = next(url for splits in found for urls in splits.values() for url in urls)
    except (HundredError, StopIteration):
        return False
    with ThreadPoolExecutor(2) as pool:
        publisher, hub = pool.map(speed, (chosen.files[0].urls[0], url))
    return hub > 2 * publisher
