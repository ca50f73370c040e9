/* The table builder: a table of any two dimensions over the published cells. All of its state stands
   after the # of the address, with the vintage. Cells are loaded as scripts, so that it also works
   from a disk; labels are only ever set as text. */
(() => {
  "use strict";
  const meta = window.synerstatMeta, place = document.getElementById("builder");
  if (!meta || !place) return;
  const say = meta.texts;
  const cubes = new Map(), waiting = new Map();

  const make = (name, properties = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
      else if (key in element && key !== "list") element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };
  const drawing = (name, attributes = {}, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // ---- cells
  window.synerstatCube = (set, period, steps, values, statuses) => {
    const cells = new Map();
    let at = 0;
    steps.forEach((step, index) => {
      at += step;
      const status = statuses[index];
      cells.set(at, [status === "Q" || status === "M" ? null : values[index], status]);
    });
    cubes.set(`${set}/${period}`, cells);
  };
  const load = (set, period) => {
    const name = `${set}/${period}`;
    if (cubes.has(name)) return Promise.resolve();
    if (!waiting.has(name)) waiting.set(name, new Promise((resolve, reject) => {
      document.head.append(make("script", { src: `../cube/${name}.js`, onload: resolve, onerror: () => { waiting.delete(name); reject(new Error(name)); } }));
    }));
    return waiting.get(name);
  };
  const cell = (set, at) => {
    const cells = cubes.get(`${set}/${at.time_period}`);
    let index = 0;
    for (const dimension of meta.sets[set].dims) {
      const code = dimension.codes.findIndex(([each]) => each === at[dimension.id]);
      if (code < 0) return undefined;
      index = index * dimension.codes.length + code;
    }
    return cells && cells.get(index);
  };

  // ---- state, as the address has it
  const dimension = (set, id) => id === "time_period"
    ? { id, label: say.period, codes: meta.sets[set].periods.map((each) => [each, meta.periods[each]]) }
    : meta.sets[set].dims.find((each) => each.id === id);
  const all = (set) => [dimension(set, "time_period"), ...meta.sets[set].dims];
  const quarters = (set) => meta.sets[set].periods.filter((each) => each.length > 4);
  const start = (set) => {
    const dims = meta.sets[set].dims;
    const state = { set, rows: dims[0].id, columns: "time_period", only: {}, at: {}, find: "", sort: "", chart: false };
    if (set === "mirror") state.columns = dims[1].id;
    return state;
  };
  const chosen = (state, id) => {
    const codes = dimension(state.set, id).codes.map(([code]) => code);
    const only = (state.only[id] || []).filter((code) => codes.includes(code));
    if (only.length) return only;
    return id === "time_period" ? quarters(state.set).slice(-8) : codes;
  };
  const fixed = (state, id) => {
    const codes = dimension(state.set, id).codes.map(([code]) => code);
    if (codes.includes(state.at[id])) return state.at[id];
    if (id === "time_period") return quarters(state.set).at(-1) || codes.at(-1);
    if (id === "indicator") return codes[0];
    return codes.includes("_T") ? "_T" : codes[0];
  };
  const read = () => {
    const address = new URLSearchParams(location.hash.slice(1));
    const set = address.get("set");
    const state = start(Object.hasOwn(meta.sets, set || "") ? set : Object.keys(meta.sets)[0]);
    const ids = all(state.set).map((each) => each.id);
    for (const axis of ["rows", "columns"]) if (ids.includes(address.get(axis))) state[axis] = address.get(axis);
    if (state.rows === state.columns) state.columns = ids.find((each) => each !== state.rows);
    for (const id of ids) {
      if (address.has(`only.${id}`)) state.only[id] = address.get(`only.${id}`).split(",");
      if (address.has(id)) state.at[id] = address.get(id);
    }
    state.find = address.get("find") || "";
    state.sort = /^-?[0-9]+$/.test(address.get("sort") || "") ? address.get("sort") : "";
    state.chart = address.get("chart") === "1";
    return state;
  };
  const written = (state) => {
    const address = new URLSearchParams({ set: state.set, rows: state.rows, columns: state.columns });
    for (const { id } of all(state.set)) {
      if (id === state.rows || id === state.columns) {
        if ((state.only[id] || []).length) address.set(`only.${id}`, state.only[id].join(","));
      } else address.set(id, fixed(state, id));
    }
    if (state.find) address.set("find", state.find);
    if (state.sort) address.set("sort", state.sort);
    if (state.chart) address.set("chart", "1");
    address.set("vintage", meta.vintage);
    return address.toString();
  };
  let state = read();
  const save = () => {
    const now = `#${written(state)}`;
    if (location.hash !== now) {
      try { history.replaceState(null, "", now); } catch { location.replace(now); }
    }
    document.dispatchEvent(new Event("synerstat:state"));
  };

  // ---- numbers
  const number = (value) => {
    const digits = Math.abs(value).toString().replace(/\B(?=(\d{3})+$)/g, meta.group);
    return value < 0 ? `\u2212${digits}` : digits;
  };
  const sign = (found) => !found || found[1] === "M" ? "[z]" : found[1] === "Q" ? "[c]" : "[x]";
  const shown = (found) => found && found[0] !== null ? number(found[0]) + (found[1] === "B" ? " [b]" : "") : sign(found);

  // ---- the table: codes of rows and columns, cells, in the order asked for
  const table = () => {
    const rows = dimension(state.set, state.rows), columns = dimension(state.set, state.columns);
    const at = Object.fromEntries(all(state.set).map(({ id }) => [id, fixed(state, id)]));
    const words = state.find.trim().toLowerCase();
    const columnCodes = chosen(state, state.columns);
    const label = (dim, code) => dim.codes.find(([each]) => each === code)[1];
    let lines = chosen(state, state.rows).map((code) => ({
      code,
      label: label(rows, code),
      cells: columnCodes.map((column) => cell(state.set, { ...at, [state.rows]: code, [state.columns]: column })),
    })).filter((line) => line.cells.some(Boolean) && line.label.toLowerCase().includes(words));
    const used = columnCodes.map((_, index) => lines.some((line) => line.cells[index]));
    lines = lines.map((line) => ({ ...line, cells: line.cells.filter((_, index) => used[index]) }));
    const heads = columnCodes.filter((_, index) => used[index]).map((code) => ({ code, label: label(columns, code) }));
    if (state.sort !== "" && Math.abs(state.sort) <= heads.length) {
      const way = state.sort.startsWith("-") ? -1 : 1, index = Math.abs(state.sort) - 1;
      const value = (line) => line.cells[index] && line.cells[index][0] !== null ? line.cells[index][0] : null;
      const sum = (line) => line.code === "_T";
      lines.sort((a, b) => sum(b) - sum(a) || (index < 0 ? way * a.label.localeCompare(b.label, meta.language)
        : (value(a) === null) - (value(b) === null) || way * (value(a) - value(b))));
    }
    const limits = all(state.set).filter(({ id }) => id !== state.rows && id !== state.columns)
      .map((dim) => [dim, fixed(state, dim.id)]);
    return { rows, columns, heads, lines, limits: limits.map(([dim, code]) => ({ id: dim.id, code, name: dim.label, label: label(dim, code) })) };
  };
  const title = (made) => `${meta.sets[state.set].label}: ${made.rows.label} × ${made.columns.label}`;
  const limitText = (made) => made.limits.filter((each) => each.code !== "_T").map((each) => each.label).join(", ");

  // ---- controls
  const status = make("p", { role: "status" });
  const output = make("div");
  const controls = make("div");
  const select = (text, value, options, handler, id) => make("label", {}, text,
    make("select", { id, on: { change: (event) => handler(event.target.value) } },
      ...options.map(([code, name]) => make("option", { value: code, selected: code === value }, name))));
  const change = (how) => { how(); draw(true); };
  const checks = (id) => {
    const dim = dimension(state.set, id), on = new Set(chosen(state, id));
    return make("details", {}, make("summary", {}, dim.label), make("div", { className: "checks", role: "group", "aria-label": dim.label },
      ...dim.codes.map(([code, name]) => make("label", {}, make("input", {
        type: "checkbox", checked: on.has(code), value: code,
        on: { change: (event) => {
          const next = dim.codes.map(([each]) => each).filter((each) => each === code ? event.target.checked : on.has(each));
          if (!next.length) { event.target.checked = true; return; }
          event.target.checked ? on.add(code) : on.delete(code);
          state.only[id] = id !== "time_period" && next.length === dim.codes.length ? [] : next;
          state.sort = "";
          draw(false);
        } },
      }), make("bdi", {}, name)))));
  };
  const drawControls = () => {
    const had = document.activeElement && document.activeElement.id;
    const axes = all(state.set).map(({ id, label }) => [id, label]);
    controls.replaceChildren(
      make("fieldset", {},
        make("legend", { className: "hidden" }, say.dataSet),
        select(say.dataSet, state.set, Object.entries(meta.sets).map(([id, set]) => [id, set.label]), (value) => change(() => { state = start(value); }), "b-set"),
        select(say.rows, state.rows, axes, (value) => change(() => { if (value === state.columns) state.columns = state.rows; state.rows = value; state.sort = ""; }), "b-rows"),
        select(say.columns, state.columns, axes, (value) => change(() => { if (value === state.rows) state.rows = state.columns; state.columns = value; state.sort = ""; }), "b-columns"),
        ...all(state.set).filter(({ id }) => id !== state.rows && id !== state.columns).map((dim) =>
          select(dim.label, fixed(state, dim.id), dim.codes, (value) => change(() => { state.at[dim.id] = value; state.sort = ""; }), `b-${dim.id}`)),
        make("label", {}, say.find, make("input", { type: "search", id: "b-find", value: state.find, autocomplete: "off", on: { input: (event) => { state.find = event.target.value; draw(false); } } })),
      ),
      checks(state.rows), checks(state.columns),
    );
    if (had && had.startsWith("b-")) document.getElementById(had)?.focus();
  };
  const chartButton = make("button", { type: "button", id: "b-chart", on: { click: () => { state.chart = !state.chart; draw(false); } } }, say.chart);
  const button = (id, text, handler) => make("button", { type: "button", id, on: { click: handler } }, text);
  const copied = (text, done) => navigator.clipboard
    ? navigator.clipboard.writeText(text).then(() => { status.textContent = done; }, () => { status.textContent = say.notCopied; })
    : (status.textContent = say.notCopied);
  const permalink = () => {
    const pinned = location.href.split("#")[0].replace(/\/latest\/site\//, `/${meta.vintage.replace("-", "/")}/site/`);
    return `${pinned}#${written(state)}`;
  };
  const actions = make("div", { className: "actions" }, chartButton,
    button("b-copy", say.copy, () => copied(grid().map((line) => line.join("\t")).join("\n"), say.copied)),
    button("b-link", say.link, () => copied(permalink(), say.linked)),
    button("b-csv", "CSV", () => window.synerstatSave(new Blob(["\ufeff" + csv()], { type: "text/csv" }), `synerstat-${state.set}-${meta.vintage}.csv`)),
    button("b-xlsx", "XLSX", () => window.synerstatSave(xlsx(), `synerstat-${state.set}-${meta.vintage}.xlsx`)));

  // ---- files
  const harmless = (text) => /^[=+@\t\r-]/.test(text) ? `'${text}` : text;
  const grid = () => {
    const made = table();
    return [[made.rows.label, ...made.heads.map((each) => each.label)].map(harmless),
      ...made.lines.map((line) => [harmless(line.label), ...line.cells.map((found) => found && found[0] !== null ? found[0] : sign(found))])];
  };
  const csv = () => {
    const made = table();
    const quoted = (value) => /[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
    const lines = [[made.rows.id, made.rows.label, made.columns.id, made.columns.label, ...made.limits.map((each) => each.id), "obs_value", "obs_status", "vintage"]];
    for (const line of made.lines) line.cells.forEach((found, index) => {
      if (found) lines.push([line.code, harmless(line.label), made.heads[index].code, harmless(made.heads[index].label), ...made.limits.map((each) => each.code), found[0] === null ? "" : found[0], found[1], meta.vintage]);
    });
    return lines.map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
  };
  const xml = (text) => String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  const xlsx = () => {
    const made = table();
    const letter = (index) => (index > 25 ? String.fromCharCode(64 + Math.floor(index / 26)) : "") + String.fromCharCode(65 + index % 26);
    const notes = [[title(made)], [limitText(made)], [`${say.source}: ${say.statistic}, ${meta.vintage}`], ...(meta.invented ? [[say.inventedText]] : []), [say.legend], []];
    const body = [...notes, ...[[made.rows.label, ...made.heads.map((each) => each.label)], ...made.lines.map((line) => [line.label, ...line.cells.map((found) => found && found[0] !== null ? found[0] : sign(found))])]];
    const rows = body.map((line, down) => `<row r="${down + 1}">` + line.map((value, across) => {
      const at = `${letter(across)}${down + 1}`;
      return typeof value === "number" ? `<c r="${at}"><v>${value}</v></c>` : `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${xml(value)}</t></is></c>`;
    }).join("") + "</row>").join("");
    const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
    const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships", pack = "http://schemas.openxmlformats.org/package/2006";
    const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    return zip({
      "[Content_Types].xml": `${head}<Types xmlns="${pack}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${kind}.worksheet+xml"/></Types>`,
      "_rels/.rels": `${head}<Relationships xmlns="${pack}/relationships"><Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
      "xl/workbook.xml": `${head}<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="Synerstat" sheetId="1" r:id="r1"/></sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": `${head}<Relationships xmlns="${pack}/relationships"><Relationship Id="r1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
      "xl/worksheets/sheet1.xml": `${head}<worksheet xmlns="${main}"><cols><col min="1" max="1" width="40" customWidth="1"/></cols><sheetData>${rows}</sheetData></worksheet>`,
    });
  };
  const sums = new Uint32Array(256).map((_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
  const zip = (files) => {
    const encoder = new TextEncoder(), parts = [], ends = [];
    let offset = 0;
    for (const [name, text] of Object.entries(files)) {
      const path = encoder.encode(name), data = encoder.encode(text);
      let sum = ~0;
      for (const byte of data) sum = sums[(sum ^ byte) & 255] ^ (sum >>> 8);
      const common = (view, at) => { [[0, 20, 2], [2, 0x800, 2], [4, 0, 2], [6, 0, 2], [8, 33, 2], [10, ~sum >>> 0, 4], [14, data.length, 4], [18, data.length, 4], [22, path.length, 2]].forEach(([place, value, size]) => size === 2 ? view.setUint16(at + place, value, true) : view.setUint32(at + place, value, true)); };
      const local = new DataView(new ArrayBuffer(30)), end = new DataView(new ArrayBuffer(46));
      local.setUint32(0, 0x04034b50, true); common(local, 4);
      end.setUint32(0, 0x02014b50, true); end.setUint16(4, 20, true); common(end, 6); end.setUint32(42, offset, true);
      parts.push(local, path, data); ends.push(end, path);
      offset += 30 + path.length + data.length;
    }
    const size = ends.reduce((sum, each) => sum + each.byteLength, 0), last = new DataView(new ArrayBuffer(22));
    last.setUint32(0, 0x06054b50, true);
    last.setUint16(8, ends.length / 2, true); last.setUint16(10, ends.length / 2, true);
    last.setUint32(12, size, true); last.setUint32(16, offset, true);
    return new Blob([...parts, ...ends, last], { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" });
  };

  // ---- the picture: bars of the last column, or of the column that is sorted by
  const picture = (made) => {
    const index = Math.min(made.heads.length, Math.abs(state.sort) || made.heads.length) - 1;
    const lines = made.lines.filter((line) => line.code !== "_T" || made.lines.length === 1).slice(0, 40);
    const top = Math.max(1, ...lines.map((line) => Math.abs((line.cells[index] && line.cells[index][0]) || 0)));
    const name = `${title(made)}, ${made.heads[index].label}`;
    const svg = drawing("svg", { class: "chart", viewBox: `0 0 600 ${lines.length * 38 + 4}`, role: "img", "aria-label": name });
    lines.forEach((line, row) => {
      const value = line.cells[index] && line.cells[index][0];
      svg.append(drawing("text", { x: 0, y: row * 38 + 14 }, line.label), drawing("text", { x: 600, y: row * 38 + 14, "text-anchor": "end", "font-weight": 600 }, shown(line.cells[index])));
      if (value) svg.append(drawing("rect", { x: 0, y: row * 38 + 19, width: 600 * Math.abs(value) / top, height: 13, fill: "var(--c1)" }));
    });
    return make("figure", { className: "bars" }, make("figcaption", {}, name), svg);
  };

  // ---- drawing
  let turn = 0;
  const draw = async (withControls) => {
    if (withControls) drawControls();
    save();
    chartButton.setAttribute("aria-pressed", String(state.chart));
    const mine = ++turn;
    const axis = state.rows === "time_period" || state.columns === "time_period";
    const periods = axis ? chosen(state, "time_period") : [fixed(state, "time_period")];
    try {
      if (periods.some((each) => !cubes.has(`${state.set}/${each}`))) status.textContent = say.loading;
      await Promise.all(periods.map((each) => load(state.set, each)));
    } catch {
      status.textContent = say.failed;
      return;
    }
    if (mine !== turn) return;
    const made = table();
    if (!made.lines.length) {
      status.textContent = say.none;
      output.replaceChildren();
      return;
    }
    status.textContent = say.shown.replace("{rows}", made.lines.length).replace("{columns}", made.heads.length);
    const sorted = (index) => state.sort === String(index) ? "ascending" : state.sort === `-${index}` ? "descending" : "none";
    const head = (text, index, figure, provisional) => make("th", { scope: "col", className: figure ? "figure" : "", "aria-sort": sorted(index) },
      make("button", { type: "button", title: say.sort, id: `b-sort-${index}`, on: { click: () => {
        state.sort = state.sort === `-${index}` ? String(index) : state.sort === String(index) ? "" : `-${index}`;
        draw(false);
        document.getElementById(`b-sort-${index}`)?.focus();
      } } }, make("bdi", {}, text), provisional ? " [p]" : "", { none: "", ascending: " ▲", descending: " ▼" }[sorted(index)]));
    const provisional = (index) => state.columns === "time_period" && made.lines.some((line) => line.cells[index] && line.cells[index][1] === "P");
    const had = document.activeElement && document.activeElement.id;
    output.replaceChildren(
      ...(state.chart ? [picture(made)] : []),
      make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": title(made) },
        make("table", { id: "b-table" },
          make("caption", {}, [title(made), limitText(made), meta.vintage].filter(Boolean).join(" · ")),
          make("thead", {}, make("tr", {}, make("th", { scope: "col" }, made.rows.label), ...made.heads.map((each, index) => head(each.label, index + 1, true, provisional(index))))),
          make("tbody", {}, ...made.lines.map((line) => make("tr", { className: line.code === "_T" ? "total" : "" },
            make("th", { scope: "row", "data-code": line.code }, make("bdi", {}, line.label)),
            ...line.cells.map((found) => make("td", { className: found && found[0] !== null ? "" : "none" }, shown(found)))))))),
      make("ul", { className: "links" }, ...[
        [`method.html#${fixed(state, "indicator")}`, say.definition], ["quality.html", say.quality], [`provenance.html#${state.set}`, say.provenance],
      ].map(([href, text]) => make("li", {}, make("a", { href }, text)))),
    );
    if (had && had.startsWith("b-sort")) document.getElementById(had)?.focus();
  };
  place.append(make("div", { className: "panel" }, controls), actions, status, output);
  addEventListener("hashchange", () => { if (location.hash.slice(1) !== written(state)) { state = read(); draw(true); } });
  draw(true);
})();
