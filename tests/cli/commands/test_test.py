"""`hundred test` names its own options where the library names arguments."""

from pathlib import Path

import pytest

from hundred.cli.main import main
from hundred.errors import HundredError


def test_a_lambda_layer_is_allowed_by_an_option_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.h5").touch()

    def refuse(*_: object, **__: object) -> None:
        raise HundredError(
            "m.h5: has a Lambda layer; it is only run with allow_lambda=True, for files you trust"
        )

    monkeypatch.setattr("hundred.experiment.test.test", refuse)
    with pytest.raises(SystemExit) as stop:
        main(["test", "m.h5"])
    assert stop.value.code == 1
    assert capsys.readouterr().err == (
        "hundred: m.h5: has a Lambda layer; it is only run with --allow-lambda, for files you trust\n"
    )
