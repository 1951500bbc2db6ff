"""The page in a real headless Chromium, opened from disk with the network off."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hundred.reports.page.data import ReportData, RunReport
from hundred.reports.page.render import write_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
]

# Texts whose contrast with what is behind them is below WCAG's 4.5 (3 for large text).
FAINT_TEXTS = """
const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const parse = (c) => c.match(/[0-9.]+/g).map(Number);
const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const behind = (e) => {
  const colour = parse(getComputedStyle(e).backgroundColor);
  return colour.length === 3 || !e.parentElement ? colour : behind(e.parentElement);
};
const faint = new Set();
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.checkVisibility() || e.closest("script,.unseen,.skip")) continue;
  const style = getComputedStyle(e);
  const [a, b] = [light(parse(style.color)), light(behind(e))].sort((x, y) => y - x);
  const size = parseFloat(style.fontSize);
  const least = size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5;
  const contrast = (a + 0.05) / (b + 0.05);
  if (contrast < least) faint.add(`${e.tagName}.${e.className} ${contrast.toFixed(2)}`);
}
return [...faint];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium that has no network."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield driver
    driver.quit()


def _renamed(data: ReportData, name: str) -> Any:
    assert data.comparison is not None
    table = data.comparison.table.replace("school-2", name)
    return replace(data.comparison, leader=name, table=table)


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory, run_report: RunReport, pair_data: ReportData
) -> dict[str, Path]:
    """The page of one run and that of two, on disk."""
    folder = tmp_path_factory.mktemp("pages")
    long = "run-" + "x" * 120
    named = replace(run_report, result={**run_report.result, "name": long})
    return {
        "long": write_page(
            folder / "long.html", ReportData([named, run_report], comparison=_renamed(pair_data, long))
        ),
        "one": write_page(folder / "one.html", ReportData([run_report])),
        "two": write_page(folder / "two.html", pair_data),
    }


@pytest.fixture
def open_page(browser: Any, files: dict[str, Path]) -> Callable[..., Any]:
    """Open one of the pages afresh, with nothing remembered, at a width."""

    def open_at(name: str = "one", width: int = 1280, theme: str = "light") -> Any:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = [{"name": "prefers-color-scheme", "value": theme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        browser.get(files[name].as_uri())
        browser.execute_script("localStorage.clear()")
        browser.get(files[name].as_uri())
        return browser

    return open_at


def _first_column(driver: Any, table: str) -> list[str]:
    rows = "[...document.getElementById(arguments[0]).tBodies[0].rows]"
    script = f"return {rows}.filter((r) => !r.hidden).map((r) => r.cells[0].textContent)"
    return list(driver.execute_script(script, table))


def _click_head(driver: Any, table: str, column: int) -> str:
    head = f"document.getElementById('{table}').tHead.rows[0].cells[{column}]"
    driver.execute_script(f"{head}.querySelector('button').click()")
    return str(driver.execute_script(f"return {head}.getAttribute('aria-sort')"))


@pytest.mark.parametrize("name", ["one", "two"])
def test_it_opens_from_disk_without_errors_or_requests(open_page: Callable[..., Any], name: str) -> None:
    driver = open_page(name)
    assert driver.get_log("browser") == []
    fetched = driver.execute_script("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert [url for url in fetched if not url.startswith("data:")] == []
    broken = "return [...document.images].filter((i) => !i.complete || i.naturalWidth !== 32).length"
    assert driver.execute_script(broken) == 0


def test_its_numbers_equal_the_result(open_page: Callable[..., Any], result: dict[str, Any]) -> None:
    driver = open_page()
    script = (
        "return [...document.querySelectorAll('data')].map((d) => [d.dataset.figure, d.value, d.textContent])"
    )
    shown = {key: [float(value), text] for key, value, text in driver.execute_script(script)}
    assert shown["test_accuracy"] == [result["test_accuracy"], "57.12%"]
    assert {key: value for key, (value, _) in shown.items()} == {key: result[key] for key in shown}
    embedded = driver.execute_script("return JSON.parse(document.querySelector('script.result').textContent)")
    assert embedded == result


def test_tables_sort_by_name_and_by_number(open_page: Callable[..., Any]) -> None:
    driver = open_page()
    assert _first_column(driver, "class-table")[:2] == ["worm", "woman"]
    assert _click_head(driver, "class-table", 0) == "ascending"
    names = _first_column(driver, "class-table")
    assert names == sorted(names)
    assert _click_head(driver, "class-table", 0) == "descending"
    assert _first_column(driver, "class-table") == names[::-1]
    assert _click_head(driver, "class-table", 2) == "descending"
    assert _first_column(driver, "class-table")[:2] == ["worm", "woman"]
    assert _click_head(driver, "class-table", 2) == "ascending"
    assert _first_column(driver, "class-table")[:2] == ["apple", "aquarium fish"]


def test_tables_filter_by_word_and_by_superclass(open_page: Callable[..., Any]) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    driver = open_page()
    tools = driver.find_element(By.CSS_SELECTOR, ".tools[data-for=class-table]")
    word = tools.find_element(By.CSS_SELECTOR, "input")
    word.send_keys("BEA mammals")
    assert _first_column(driver, "class-table") == ["beaver"]
    assert tools.find_element(By.CSS_SELECTOR, ".count").text == "1 of 100 rows"
    word.clear()
    word.send_keys(" ")
    Select(tools.find_element(By.CSS_SELECTOR, "select")).select_by_visible_text("fish")
    assert sorted(_first_column(driver, "class-table")) == [
        "aquarium fish",
        "flatfish",
        "ray",
        "shark",
        "trout",
    ]


def test_the_theme_follows_the_system_until_it_is_chosen_and_is_then_remembered(
    open_page: Callable[..., Any],
) -> None:
    from selenium.webdriver.common.by import By

    background = "return getComputedStyle(document.body).backgroundColor"
    light = open_page(theme="light").execute_script(background)
    driver = open_page(theme="dark")
    dark = driver.execute_script(background)
    assert light != dark
    button = driver.find_element(By.ID, "theme")
    assert button.accessible_name == "Switch to the light theme"
    button.click()
    assert driver.execute_script(background) == light
    driver.refresh()
    assert driver.execute_script(background) == light


def test_the_confusion_matrix_names_the_pair_under_the_pointer(
    open_page: Callable[..., Any], made: Any
) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    driver = open_page()
    area = driver.find_element(By.ID, "confusion-area")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", area)
    names = driver.execute_script(
        "return JSON.parse(document.querySelector('.matrix-data').textContent).names"
    )
    row, column = names.index("bear"), names.index("seal")
    cell = area.size["width"] / 100
    across, down = (column + 0.5 - 50) * cell, (row + 0.5 - 50) * cell
    ActionChains(driver).move_to_element_with_offset(area, round(across), round(down)).perform()
    count, total = made.matrix[3, 72], made.matrix[3].sum()
    said = driver.find_element(By.ID, "confusion-readout").text
    assert said.startswith(f"bear predicted as seal: {count} of {total} images")
    assert said.endswith("large carnivores, aquatic mammals")


def test_the_confusion_matrix_and_the_curves_are_read_with_the_arrow_keys(
    open_page: Callable[..., Any], made: Any
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    driver = open_page()
    driver.find_element(By.ID, "confusion-area").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    said = driver.find_element(By.ID, "confusion-readout").text
    assert said.startswith("beaver predicted as dolphin:")
    plot = driver.find_element(By.ID, "curves-accuracy")
    plot.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    second = made.history.iloc[1]
    expected = f"Epoch 2: training {second.accuracy:.1%}, validation {second.val_accuracy:.1%}"
    assert plot.get_attribute("aria-valuetext") == expected


@pytest.mark.parametrize("name", ["one", "two", "long"])
def test_nothing_reaches_over_the_edge_of_a_phone(open_page: Callable[..., Any], name: str) -> None:
    driver = open_page(name, width=360)
    driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    assert driver.execute_script("return document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["one", "two"])
def test_every_text_stands_out_from_what_is_behind_it(
    open_page: Callable[..., Any], name: str, theme: str
) -> None:
    driver = open_page(name, theme=theme)
    driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    assert driver.execute_script(FAINT_TEXTS) == []


def test_everything_to_press_or_look_at_has_a_name_for_a_screen_reader(open_page: Callable[..., Any]) -> None:
    driver = open_page()
    driver.execute_cdp_cmd("Accessibility.enable", {})
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored") and "role" in node
    ]
    roles = {
        "button",
        "link",
        "searchbox",
        "combobox",
        "slider",
        "image",
        "img",
        "application",
        "table",
        "region",
    }
    assert [role for role, name in found if role in roles and not name.strip()] == []
    assert {"slider", "application", "searchbox", "combobox", "table"} <= {role for role, _ in found}


def test_it_can_be_read_without_its_script(browser: Any, open_page: Callable[..., Any]) -> None:
    from selenium.webdriver.common.by import By

    open_page()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.refresh()
    assert browser.find_element(By.CSS_SELECTOR, "data[data-figure=test_accuracy]").text == "57.12%"
    assert browser.find_element(By.ID, "class-table").is_displayed()
    assert not browser.find_element(By.CSS_SELECTOR, ".tools").is_displayed()


def test_it_prints_all_parts_and_no_controls(open_page: Callable[..., Any]) -> None:
    from selenium.webdriver.common.by import By

    driver = open_page(theme="dark")
    driver.find_element(By.ID, "theme").click()
    driver.find_element(By.ID, "theme").click()
    assert driver.execute_script("return document.documentElement.dataset.theme") == "dark"
    driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert driver.execute_script("return [...document.querySelectorAll('details')].every((d) => d.open)")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not driver.find_element(By.ID, "theme").is_displayed()
    assert not driver.find_element(By.CSS_SELECTOR, ".contents").is_displayed()
    assert (
        driver.execute_script("return getComputedStyle(document.querySelector('.scroll')).maxHeight")
        == "none"
    )
    assert driver.execute_script(FAINT_TEXTS) == []
    paper = "return getComputedStyle(document.body).backgroundColor"
    assert driver.execute_script(paper) == "rgb(255, 255, 255)"
    driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_link_to_a_folded_run_opens_it(open_page: Callable[..., Any]) -> None:
    from selenium.webdriver.common.by import By

    driver = open_page("two")
    folded = driver.find_element(By.CSS_SELECTOR, "#run2-all > details")
    assert folded.get_attribute("open") is None
    driver.find_element(By.CSS_SELECTOR, ".contents a[href='#run2-all']").click()
    deadline = time.monotonic() + 5
    while folded.get_attribute("open") is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert folded.get_attribute("open") is not None


def test_a_run_named_like_markup_is_only_text(browser: Any, tmp_path: Path, run_report: RunReport) -> None:
    name = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    evil = replace(run_report, result={**run_report.result, "name": name}, recipe_text=name, repeat=[name])
    browser.get(write_page(tmp_path / "evil.html", ReportData([evil])).as_uri())
    assert browser.title == f"{name} · Hundred"
    assert browser.execute_script("return document.querySelector('h1').textContent") == name
    assert browser.execute_script("return document.querySelectorAll('img[src=x]').length") == 0
