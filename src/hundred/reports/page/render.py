"""The page itself: one self-contained HTML file that opens from disk without a network."""

import base64
import hashlib
import html
import re
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hundred.files import write_text
from hundred.reports.figures.stages import shape_text
from hundred.reports.page.data import ReportData
from hundred.reports.page.size_budget import MOST_BYTES, ever_smaller
from hundred.reports.page.text import to_json
from hundred.reports.page.views import page_view


def render_page(data: ReportData) -> str:
    """The report as HTML under 5 MB: style, script and images inside, every printed name escaped.

    Raises ValueError for a report without a run.
    """
    if not data.runs:
        raise ValueError("a report needs at least one run")
    page = ""
    for smaller in ever_smaller(data):
        page = _rendered(smaller)
        if len(page.encode("utf-8")) <= MOST_BYTES:
            break
    return page


def _rendered(data: ReportData) -> str:
    script = _packaged("page.js")
    return _environment().get_template("page.html").render(
        page=page_view(data),
        style=Markup(_packaged("page.css")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=_hash(script),
    )  # fmt: skip


def write_page(path: Path | str, data: ReportData) -> Path:
    """Write the page of `data` whole at `path`, and return the path."""
    path = Path(path)
    write_text(path, render_page(data))
    return path


def lost_sections(old: str, new: str) -> list[str]:
    """The titles of sections that the page `old` has and the page `new` has not."""
    before, after = _section_titles(old), _section_titles(new)
    return [title for key, title in before.items() if key not in after]


def _section_titles(page: str) -> dict[str, str]:
    found = re.findall(
        r'<section id="([^"]+)" aria-labelledby="[^"]*">\s*<header[^>]*><h\d[^>]*>([^<]*)<', page
    )
    return {key: html.unescape(title) for key, title in found}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hundred.reports.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_json"] = to_json
    environment.filters["shape"] = shape_text
    return environment


@cache
def _packaged(name: str) -> str:
    return (resources.files("hundred.reports.page") / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What the page's content security policy lets run: this script and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
