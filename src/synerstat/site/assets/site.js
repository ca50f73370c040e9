/* What all pages do with JavaScript: keep the state when the language changes, tell of newer vintages,
   draw a chart as PNG, filter the codes. Without it everything but these can be read and used. */
(() => {
  "use strict";
  const root = document.documentElement, body = document.body;
  root.classList.add("js");
  const vintage = body.dataset.vintage;

  if ("entry" in body.dataset) {
    const own = (navigator.languages || [navigator.language]).map((each) => each.slice(0, 2));
    const link = own.map((each) => document.querySelector(`a[hreflang="${each}"]`)).find(Boolean);
    if (link && !location.hash) location.replace(link.href);
    return;
  }

  // The switch keeps what stands after the # of the address.
  const keep = () => document.querySelectorAll("a[data-keep]").forEach((link) => {
    link.href = link.getAttribute("href").split("#")[0] + location.hash;
  });
  addEventListener("hashchange", keep);
  document.addEventListener("synerstat:state", keep);
  keep();

  const notice = document.getElementById("notice");
  const tell = (text, address, name) => {
    notice.textContent = text + " ";
    if (address) {
      const link = document.createElement("a");
      link.href = address;
      link.textContent = name;
      notice.append(link);
    }
    notice.hidden = false;
  };
  const vintages = /^(.*\/)([0-9]{4}Q[1-4]\/v[1-9][0-9]*|latest)\/site\/([a-z]{2}\/[a-z0-9-]+\.html)$/.exec(location.pathname);
  const pinned = new URLSearchParams(location.hash.slice(1)).get("vintage");
  const isVintage = (name) => /^[0-9]{4}Q[1-4]-v[1-9][0-9]*$/.test(name || "");
  if (isVintage(pinned) && pinned !== vintage) {
    const other = vintages && `${vintages[1]}${pinned.replace("-", "/")}/site/${vintages[3]}${location.hash}`;
    tell(`${body.dataset.pinned} ${pinned}; ${body.dataset.here} ${vintage}.`, other, pinned);
  }
  if (vintages && vintages[2] !== "latest") {
    // A vintage never changes, so it asks the latest one beside it what it is.
    const script = document.createElement("script");
    script.src = `${vintages[1]}latest/site/assets/vintage.js`;
    script.onload = () => {
      const latest = window.synerstatLatest;
      if (isVintage(latest) && latest !== vintage)
        tell(body.dataset.newer, `${vintages[1]}latest/site/${vintages[3]}${location.hash.replace(/&?vintage=[^&]*/, "")}`, latest);
    };
    document.head.append(script);
  }

  // A chart as PNG, as it looks in the page but always on white.
  document.querySelectorAll("button[data-png]").forEach((button) => button.addEventListener("click", () => {
    const svg = document.getElementById(button.dataset.png);
    const copy = svg.cloneNode(true);
    const box = svg.viewBox.baseVal, scale = 2;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", box.width * scale);
    copy.setAttribute("height", box.height * scale);
    copy.setAttribute("font-family", getComputedStyle(body).fontFamily);
    const print = { text: "#1a2129", quiet: "#55606d", rule: "#cfd6de", page: "#ffffff", c1: "#0b5cad", c2: "#c04a00", c3: "#0f7f63", c4: "#8a3a94" };
    const text = new XMLSerializer().serializeToString(copy).replace(/var\(--([a-z0-9]+)\)/g, (_, name) => print[name]);
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = box.width * scale;
      canvas.height = (box.height + 44) * scale;
      const context = canvas.getContext("2d");
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "#1a2129";
      context.font = `600 ${14 * scale}px sans-serif`;
      const title = svg.closest("section").querySelector("h2, h3").textContent.trim();
      context.fillText(title, 14 * scale, 24 * scale, canvas.width - 28 * scale);
      context.drawImage(image, 0, 30 * scale);
      context.fillStyle = "#55606d";
      context.font = `${10 * scale}px sans-serif`;
      context.fillText(`Synerstat ${vintage}`, 14 * scale, canvas.height - 6 * scale);
      canvas.toBlob((blob) => window.synerstatSave(blob, button.dataset.file), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }));

  window.synerstatSave = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // The codes: find, by operator, by attribute; all in the address.
  const find = document.getElementById("code-find");
  if (find) {
    const operator = document.getElementById("code-operator"), attribute = document.getElementById("code-attribute");
    const count = document.getElementById("code-count");
    const rows = [...document.querySelectorAll("#codes tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
    const apply = () => {
      const words = find.value.trim().toLowerCase();
      let shown = 0;
      for (const [row, text] of rows) {
        const fits = text.includes(words) && (!operator.value || row.dataset.operator === operator.value) &&
          (!attribute.value || row.dataset.attribute === attribute.value);
        row.hidden = !fits;
        shown += fits;
      }
      count.textContent = `${shown} ${count.dataset.text}`;
      const state = new URLSearchParams();
      if (find.value) state.set("find", find.value);
      if (operator.value) state.set("operator", operator.value);
      if (attribute.value) state.set("attribute", attribute.value);
      if (location.hash.slice(1) !== state.toString() && (state.size || location.hash)) location.replace(`#${state}`);
    };
    const state = new URLSearchParams(location.hash.slice(1));
    find.value = state.get("find") || "";
    operator.value = state.get("operator") || "";
    attribute.value = state.get("attribute") || "";
    [find, operator, attribute].forEach((input) => input.addEventListener("input", apply));
    document.getElementById("code-filter").addEventListener("submit", (event) => event.preventDefault());
    apply();
  }
})();
