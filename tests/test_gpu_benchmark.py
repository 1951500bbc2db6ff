"""The script for the day that a GPU is there: every line of it runs, on the CPU with tiny sizes."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks import gpu, gpu_rows
from hundred.errors import UsageError


def test_a_dry_run_fills_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.backends.cudnn.benchmark
    monkeypatch.chdir(tmp_path)
    gpu.main(["--dry", "--data", "sample", "--out", str(tmp_path / "out"), "--seeds", "2"])
    content = json.loads((tmp_path / "out" / "gpu.json").read_text())
    assert content["dry"] is True
    rows = {row["what"]: row["value"] for row in content["rows"]}
    assert not {"failed", "not measured"} & set(rows.values())
    for side in gpu_rows.SIDES:
        for name in ("eager", "cudnn.benchmark", "CUDA graph", "CUDA graph, cudnn.benchmark"):
            assert rows[f"sprint step, {side} pixels, {name}"].endswith("images/s")
    for how in ("eager", "CUDA graphs"):
        assert rows[f"sprint, {how}: test accuracy"].endswith("%")
    assert "s to the result" in rows["hundred train sprint, from a cold command"]
    table = (tmp_path / "out" / "gpu.md").read_text()
    assert table.startswith("A dry run: these figures mean nothing.")
    assert all(what in table for what in rows)
    assert torch.backends.cudnn.benchmark is before


def test_what_does_not_fit_into_the_time_is_named(tmp_path: Path) -> None:
    table = gpu.Table(tmp_path, {"device_name": "none", "torch": "2", "cuda": None}, dry=False)
    gpu.run(gpu_rows.Setting.__new__(gpu_rows.Setting), table, limit=5.0)
    assert {row["value"] for row in table.rows} == {"not measured"}
    assert len(table.rows) == 6


def test_without_a_gpu_it_says_what_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="--dry"):
        gpu.main([])
