"""The report page: its data and what writes it. The template engine loads on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.report.page.data import Change, Confusion, Gallery, ReportData, RunReport, Setting
    from hundred.report.page.render import render_page, write_report

_HOME = {
    "Change": "data",
    "Confusion": "data",
    "Gallery": "data",
    "ReportData": "data",
    "RunReport": "data",
    "Setting": "data",
    "render_page": "render",
    "write_report": "render",
}

__all__ = [
    "Change",
    "Confusion",
    "Gallery",
    "ReportData",
    "RunReport",
    "Setting",
    "render_page",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"hundred.report.page.{_HOME[name]}"), name)
    raise AttributeError(f"module 'hundred.report.page' has no attribute {name!r}")
