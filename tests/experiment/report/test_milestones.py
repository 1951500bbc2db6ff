"""The epochs that the curves of a run mark."""

import json
from pathlib import Path

from hundred.experiment.report.contents import run_report
from hundred.files import write_text
from hundred.runs.run import Run


def test_milestones_come_from_the_events_and_a_smooth_schedule_has_no_cuts(copied: Path) -> None:
    rows = "\n".join(f"{epoch},0.1,4.0,0.1,4.0,{rate},1.0,100.0" for epoch, rate in ((1, 0.1), (2, 0.01)))
    header = (copied / "history.csv").read_text().splitlines()[0]
    write_text(copied / "history.csv", f"{header}\n{rows}\n")
    marks = run_report(Run(copied)).marks
    assert marks is not None
    assert marks.cuts == ()
    assert (marks.stop_epoch, marks.stop_reason) == (2, "epochs")
    event = {"kind": "learning-rate-cut", "epoch": 1, "old": 0.1, "new": 0.01, "reason": "", "time": "x"}
    with (copied / "events.jsonl").open("a") as file:
        file.write(json.dumps(event) + "\n")
    marks = run_report(Run(copied)).marks
    assert marks is not None
    assert marks.cuts == (1,)
