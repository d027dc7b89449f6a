"use strict";
// Every panel of a page: its chart, drawn when it comes near, its table, built when opened, and its downloads.
(function (genwatch) {
  const { element, value, interval, stamp } = genwatch;
  const source = JSON.parse(document.getElementById("drawn").textContent);
  const figures = new Map();
  genwatch.source = source;
  genwatch.range = { from: -Infinity, to: Infinity };

  function span() {
    const { from, to } = genwatch.range;
    const times = source.panels.flatMap((panel) => panel.series.flatMap((series) => series.points.map((point) => point[0])));
    const last = source.until || Math.max(...times);
    return { from: Number.isFinite(from) ? from : Math.min(last, ...times), to: Number.isFinite(to) ? to : last };
  }

  /** What is told of one time: each series, then alerts and judge changes there. */
  function told(panel, time) {
    const box = element("div", { class: "tip" }, element("b", {}, stamp(time) + " UTC"));
    for (const series of panel.series) {
      const point = series.points.find((one) => one[genwatch.TIME] === time);
      if (!point || (panel.kind === "bars" && point[1] === 0)) continue;
      const name = panel.named ? series.name + " " : "";
      const bounds = point[2] === null ? "" : " (" + interval(point[2], point[3], panel.unit) + ")";
      box.append(element("div", {}, name, element("b", {}, value(point[1], panel.unit)), bounds));
      const facts = [point[4] === null || panel.kind === "bars" ? "" : "n = " + value(point[4], "rows"), point[5] ? "revision " + point[5] : "", point[6] ? "judge " + point[6] : ""].filter(Boolean);
      if (facts.length) box.append(element("div", { class: "quiet" }, facts.join(" · ")));
    }
    for (const one of panel.breaks) if (one.at === time) box.append(element("div", { class: "quiet" }, one.text));
    for (const one of panel.spans) if (one.start <= time && time < one.end) box.append(element("div", { class: "quiet" }, one.text));
    return box;
  }

  function tooltip(panel) {
    return function (items) {
      if (panel.kind === "scatter") {
        return element("div", { class: "tip" }, element("b", {}, items.name), ...panel.axes.map((axis, index) => element("div", {}, axis + " " + value(items.value[index], panel.unit))));
      }
      if (panel.kind === "histogram") {
        return element("div", { class: "tip" }, element("b", {}, items[0].name), ...items.map((item) => element("div", {}, item.seriesName + " " + value(item.value, panel.unit))));
      }
      return told(panel, items[0].axisValue);
    };
  }

  function draw(figure) {
    const { panel, node } = figure;
    const place = node.querySelector(".chart");
    if (place.clientWidth === 0) return;
    if (!figure.chart) {
      figure.chart = echarts.init(place, null, { renderer: "svg" });
      new ResizeObserver(() => place.clientWidth && figure.chart.resize()).observe(place);
    }
    figure.chart.setOption(genwatch.options(panel, span(), source.every, tooltip(panel)), { notMerge: true });
    node.dataset.drawn = "true";
  }

  /** The rows of a panel, newest first, under their heads: as its table has them, and its CSV. */
  function rows(panel) {
    if (panel.kind === "scatter") {
      return [["name", "series", ...panel.axes, "n"], ...panel.series.flatMap((series) => series.dots.map((dot) => [dot[0], series.name, dot[1], dot[2], dot[3]]))];
    }
    if (panel.kind === "histogram") {
      return [["", ...panel.series.map((series) => series.name)], ...panel.labels.map((label, index) => [label, ...panel.series.map((series) => series.values[index])])];
    }
    const found = panel.series.flatMap((series) => genwatch.within(series.points, span()).map((point) => [new Date(point[0]).toISOString(), series.name, ...point.slice(1)]));
    return [["window_start", "series", "value", "low", "high", "n", "revision", "judge"], ...found.sort((a, b) => (a[0] < b[0] ? 1 : a[0] > b[0] ? -1 : 0))];
  }

  const number = (text) => element("td", { class: "number" }, text);

  function table(panel) {
    const [heads, ...body] = rows(panel);
    if (panel.kind === "scatter" || panel.kind === "histogram") {
      return filled(heads, body.map((row) => row.map((one) => (typeof one === "number" || one === null ? number(value(one, panel.unit)) : element("td", {}, one)))));
    }
    const many = panel.named, has = (column) => body.some((row) => row[column] !== null && row[column] !== 0);
    const bounded = has(3), counted = has(5), revised = has(6), judged = has(7);
    const names = ["Window (UTC)", ...(many ? ["Series"] : []), "Value", ...(bounded ? ["Interval"] : []), ...(counted ? ["n"] : []), ...(revised ? ["Revision"] : []), ...(judged ? ["Judge"] : [])];
    return filled(names, body.map((row) => [
      element("td", { class: "time" }, row[0].slice(0, 16).replace("T", " ")),
      ...(many ? [element("td", {}, row[1])] : []),
      number(value(row[2], panel.unit)),
      ...(bounded ? [number(interval(row[3], row[4], panel.unit))] : []),
      ...(counted ? [number(value(row[5], "rows"))] : []),
      ...(revised ? [number(row[6])] : []),
      ...(judged ? [element("td", {}, element("code", {}, row[7] || ""))] : []),
    ]));
  }

  const QUIET = new Set(["Window (UTC)", "Series", "Judge", "name", "series"]);

  function filled(heads, body) {
    const head = element("tr", {}, ...heads.map((name) => element("th", { scope: "col", ...(QUIET.has(name) ? {} : { class: "number" }) }, name)));
    return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body.map((cells) => element("tr", {}, ...cells))));
  }

  function save(name, content) {
    const link = element("a", { href: URL.createObjectURL(content), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function saveImage({ text, width, height }, name) {
    if (name.endsWith(".svg")) return save(name, new Blob([text], { type: "image/svg+xml" }));
    const image = new Image();
    image.onload = function () {
      const canvas = element("canvas", { width: 2 * width, height: 2 * height });
      const brush = canvas.getContext("2d");
      brush.fillStyle = genwatch.palette().colour("card");
      brush.fillRect(0, 0, 2 * width, 2 * height);
      brush.drawImage(image, 0, 0, 2 * width, 2 * height);
      canvas.toBlob((blob) => save(name, blob), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }

  /** Buttons that save rows as CSV, and a picture (its SVG, width and height) as SVG and PNG. */
  genwatch.downloads = function (title, name, rows, picture) {
    const button = (kind, action) => {
      const made = element("button", { type: "button", "aria-label": "Download " + title + " as " + kind }, kind);
      made.addEventListener("click", action);
      return made;
    };
    return element("div", { class: "downloads" },
      button("CSV", () => save(name + ".csv", new Blob(["\ufeff" + genwatch.csv(rows())], { type: "text/csv" }))),
      button("SVG", () => saveImage(picture(), name + ".svg")),
      button("PNG", () => saveImage(picture(), name + ".png")));
  };

  function picture(figure) {
    draw(figure);
    return { text: figure.chart.renderToSVGString(), width: figure.chart.getWidth(), height: figure.chart.getHeight() };
  }

  function fill(figure) {
    const details = figure.node.querySelector("details.figures");
    const name = genwatch.fileName(source.monitor, figure.panel.id);
    const buttons = genwatch.downloads(figure.panel.title, name, () => rows(figure.panel), () => picture(figure));
    const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures of " + figure.panel.title }, table(figure.panel));
    details.replaceChildren(details.querySelector("summary"), buttons, scroll);
  }

  /** Draw and fill again what is there: after another range, or other colours. */
  genwatch.redraw = function () {
    for (const figure of figures.values()) {
      if (figure.chart) draw(figure);
      if (figure.node.querySelector("details.figures").open) fill(figure);
    }
  };

  const near = new IntersectionObserver(function (entries) {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        near.unobserve(entry.target);
        draw(figures.get(entry.target.dataset.panel));
      }
    }
  }, { rootMargin: "200px" });

  const drawing = (chart) => chart.getDom().querySelector("svg");

  /** Let a chart be as wide as paper has room for. */
  function frame(chart) {
    drawing(chart).setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  }

  genwatch.start = function () {
    const panels = new Map(source.panels.map((panel) => [panel.id, panel]));
    for (const node of document.querySelectorAll("figure[data-panel]")) {
      const figure = { node, panel: panels.get(node.dataset.panel) };
      figures.set(node.dataset.panel, figure);
      node.querySelector("details.figures").addEventListener("toggle", (event) => event.target.open && fill(figure));
      near.observe(node);
    }
    let opened = [];
    addEventListener("beforeprint", function () {
      document.documentElement.dataset.printing = "true"; // the colours of paper, whatever those of the screen are
      opened = [...document.querySelectorAll("details.figures:not([open])")];
      for (const figure of figures.values()) {
        draw(figure);
        fill(figure);
        if (figure.chart) frame(figure.chart);
      }
      for (const details of opened) details.open = true;
    });
    addEventListener("afterprint", function () {
      delete document.documentElement.dataset.printing;
      for (const details of opened) details.open = false;
      for (const { chart } of figures.values()) if (chart) drawing(chart).removeAttribute("viewBox");
      genwatch.redraw();
    });
  };
})(globalThis.genwatch);
