"use strict";
// The page works without this script; with it tables sort and filter, plots and the matrix can be read out,
// and the theme can be switched.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const data = (element) => JSON.parse(element.textContent);

  // ---- Theme: the system's until someone chooses.
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const remembered = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("hundred-theme", value);
      return localStorage.getItem("hundred-theme");
    } catch {
      return null; // a browser may store nothing for pages opened from disk
    }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
  };
  const chosen = remembered();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();

  // ---- Tables: sort by any column, missing values last; filter by words and by a list.
  const sortValue = (row, column, numeric) => {
    const cell = row.cells[column];
    if (!numeric) return cell.dataset.value ?? cell.textContent;
    return cell.dataset.value === undefined ? NaN : Number(cell.dataset.value);
  };
  const compare = (a, b, numeric) => {
    if (!numeric) return a.localeCompare(b, "en");
    return a - b;
  };
  const sortBy = (table, column, numeric, down) => {
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, value: sortValue(row, column, numeric) }));
    const missing = ({ value }) => Number.isNaN(value) || value === "–";
    rows.sort((a, b) => missing(a) - missing(b) || (missing(a) ? 0 : compare(a.value, b.value, numeric) * (down ? -1 : 1)));
    table.tBodies[0].append(...rows.map(({ row }) => row));
  };
  for (const table of all("table.sorts")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const numeric = head.classList.contains("num");
      const press = document.createElement("button");
      press.type = "button";
      press.textContent = head.textContent;
      head.replaceChildren(press);
      press.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const down = before ? before === "ascending" : numeric;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        sortBy(table, column, numeric, down);
      });
    });
  }
  for (const tools of all(".tools")) {
    tools.hidden = false;
    const table = document.getElementById(tools.dataset.for);
    const filter = tools.querySelector(".filter");
    const choice = tools.querySelector(".choice");
    const count = tools.querySelector(".count");
    const rows = [...table.tBodies[0].rows];
    const apply = () => {
      const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const chosenOne = !choice || !choice.value || row.cells[choice.dataset.column].textContent === choice.value;
        row.hidden = !(chosenOne && wanted.every((word) => text.includes(word)));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
    };
    filter.addEventListener("input", apply);
    if (choice) choice.addEventListener("change", apply);
    apply();
  }

  // ---- Plots: the epoch under the pointer, or chosen with the arrow keys.
  const printed = {
    percent: (value) => `${(100 * value).toFixed(1)}%`,
    decimal: (value) => value.toFixed(3),
    rate: (value) => String(Number(value.toPrecision(3))),
  };
  for (const plot of all(".plot")) {
    const source = plot.querySelector(".plot-data");
    if (!source) continue;
    const { xs, places, lines } = data(source);
    const area = plot.querySelector(".area");
    const cursor = plot.querySelector(".cursor");
    const readout = plot.querySelector(".readout");
    let at = -1;
    // To a screen reader the plot is a slider over the epochs, whose value is read out.
    const title = plot.querySelector("figcaption").textContent;
    const slider = { role: "slider", "aria-label": `${title} by epoch`, "aria-valuemin": xs[0], "aria-valuemax": xs[xs.length - 1], "aria-valuenow": xs[0], "aria-valuetext": "the arrow keys choose an epoch" };
    for (const [name, value] of Object.entries(slider)) area.setAttribute(name, value);
    const show = (place) => {
      if (!xs.length) return;
      at = Math.max(0, Math.min(xs.length - 1, place));
      cursor.hidden = false;
      cursor.style.left = `${places[at]}%`;
      const values = lines
        .filter((line) => line.values[at] !== null && line.values[at] !== undefined)
        .map((line) => `${line.name} ${printed[plot.dataset.form](line.values[at])}`);
      readout.textContent = `Epoch ${xs[at]}: ${values.join(", ")}`;
      area.setAttribute("aria-valuenow", xs[at]);
      area.setAttribute("aria-valuetext", readout.textContent);
    };
    const hide = () => {
      cursor.hidden = true;
      readout.textContent = "";
    };
    area.addEventListener("pointermove", (event) => {
      const box = area.getBoundingClientRect();
      const across = (100 * (event.clientX - box.left)) / box.width;
      let nearest = 0;
      places.forEach((place, index) => {
        if (Math.abs(place - across) < Math.abs(places[nearest] - across)) nearest = index;
      });
      show(nearest);
    });
    area.addEventListener("pointerleave", hide);
    area.addEventListener("blur", hide);
    area.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -xs.length, End: xs.length }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      show(at < 0 && step === 1 ? 0 : at + step);
    });
  }

  // ---- The confusion matrix: the pair under the pointer, or chosen with the arrow keys.
  for (const matrix of all(".matrix")) {
    const { names, superclasses, rows, totals } = data(matrix.parentElement.querySelector(".matrix-data"));
    const area = matrix.querySelector(".matrix-area");
    const readout = matrix.querySelector(".readout");
    const cross = matrix.querySelector(".cross");
    const size = names.length;
    const counts = rows.map((sparse) => {
      const row = new Array(size).fill(0);
      for (let place = 0; place < sparse.length; place += 2) row[sparse[place]] = sparse[place + 1];
      return row;
    });
    let at = null;
    area.setAttribute("role", "application"); // the page handles the arrow keys, also under a screen reader
    const say = (row, column) => {
      const count = counts[row][column];
      const share = totals[row] ? `${((100 * count) / totals[row]).toFixed(0)}%` : "–";
      const many = `${count} of ${totals[row]} images (${share})`;
      if (row === column) return `${names[row]}: right in ${many}`;
      if (!superclasses) return `${names[row]} predicted as ${names[column]}: ${many}`;
      const where = superclasses[row] === superclasses[column] ? `both ${superclasses[row]}` : `${superclasses[row]}, ${superclasses[column]}`;
      return `${names[row]} predicted as ${names[column]}: ${many}; ${where}`;
    };
    const show = (row, column) => {
      at = [Math.max(0, Math.min(size - 1, row)), Math.max(0, Math.min(size - 1, column))];
      const [y, x] = at;
      cross.removeAttribute("hidden");
      cross.firstElementChild.setAttribute("d", `M0 ${y + 0.5}H${x}M${x + 1} ${y + 0.5}H${size}M${x + 0.5} 0V${y}M${x + 0.5} ${y + 1}V${size}M${x} ${y}h1v1h-1z`);
      readout.textContent = say(y, x);
    };
    area.addEventListener("pointermove", (event) => {
      const box = area.getBoundingClientRect();
      const place = (offset, length) => Math.floor((offset / length) * size);
      show(place(event.clientY - box.top, box.height), place(event.clientX - box.left, box.width));
    });
    area.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      if (at) show(at[0] + step[0], at[1] + step[1]);
      else show(0, 0);
    });
    const hide = () => cross.setAttribute("hidden", "");
    area.addEventListener("pointerleave", hide);
    area.addEventListener("blur", hide);
  }

  // ---- Copying commands and recipes.
  for (const copy of all(".copy")) {
    if (!navigator.clipboard) continue;
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const text = copy.parentElement.querySelector("code").textContent;
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Select and copy by hand";
      }
      setTimeout(() => (copy.textContent = "Copy"), 2000);
    });
  }

  // ---- Links into folded parts open them; printing opens everything.
  const reveal = () => {
    if (location.hash.length < 2) return;
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (const folded of target ? all("details", target).slice(0, target.classList.contains("run") ? 1 : 0) : []) folded.open = true;
    for (let outer = target; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
  };
  window.addEventListener("hashchange", reveal);
  reveal();
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = all("details").filter((folded) => !folded.open);
    for (const folded of opened) folded.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const folded of opened) folded.open = false;
  });
})();
