"use strict";
// Clouds of words: laid out by d3-cloud, drawn as SVG, with a tip for each word, zoom, a table and downloads.
(function (genwatch) {
  const source = document.getElementById("words");
  if (!source) return;
  const { element, value } = genwatch;
  const TOKEN = 0, PART = 1, BEFORE = 2, NOW = 3;
  const HEIGHT = 300, SMALLEST = 11, LARGEST = 44, MOST_ZOOM = 6;
  const SVG = "http://www.w3.org/2000/svg";

  /** The same cloud each time: a generator of its own (mulberry32). */
  function seeded(state) {
    return function () {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  function drawn(tag, attributes, text) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, given] of Object.entries(attributes)) made.setAttribute(name, given);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /** The words with their places; smaller ones where they do not all find room. */
  function placed(words, width) {
    const most = Math.max(...words.map((word) => word[PART]));
    const font = getComputedStyle(document.body).fontFamily;
    let found = [];
    for (let scale = 1; scale > 0.4; scale *= 0.85) {
      d3.layout.cloud()
        .size([width, HEIGHT]).padding(3).rotate(0).font(font).fontWeight(600).random(seeded(7)).fontSize((one) => one.size)
        .words(words.map((word) => ({ word, text: word[TOKEN], size: scale * (SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(word[PART] / most)) })))
        .on("end", (laid) => (found = laid)).start();
      if (found.length === words.length) break;
    }
    return found;
  }

  const told = (word) => [
    ["of the drift", value(word[PART], "share")],
    ["of the texts of the baseline", value(word[BEFORE], "share")],
    ["of the texts of this window", value(word[NOW], "share")],
  ];

  function tip(word) {
    const bar = (name, share) => element("div", { class: "bar " + name }, element("progress", { max: "1", value: String(share), "aria-hidden": "true" }));
    const [part, before, now] = told(word);
    const line = ([what, share]) => element("div", {}, element("b", {}, share), " " + what);
    return element("div", { class: "tip hover", role: "presentation" }, element("b", {}, word[TOKEN]), line(part), line(before), bar("before", word[BEFORE]), line(now), bar("now", word[NOW]));
  }

  function draw(figure) {
    const sky = figure.node.querySelector(".sky");
    const width = sky.clientWidth;
    if (width === 0 || width === figure.width) return;
    figure.width = width;
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "group", "aria-label": "Words of " + figure.role + "s that changed; the table below has their figures" });
    for (const one of placed(figure.words, width)) {
      const label = one.word[TOKEN] + ": " + told(one.word).map(([what, share]) => share + " " + what).join(", ");
      const text = drawn("text", { x: width / 2 + one.x, y: HEIGHT / 2 + one.y, "font-size": one.size, class: one.word[NOW] > one.word[BEFORE] ? "now" : "before", tabindex: "0", role: "img", "aria-label": label }, one.text);
      for (const event of ["pointerenter", "focus"]) text.addEventListener(event, () => show(figure, sky, text, one.word));
      for (const event of ["pointerleave", "blur"]) text.addEventListener(event, () => figure.tip && figure.tip.remove());
      svg.append(text);
    }
    sky.replaceChildren(zoom(svg, width), svg);
  }

  function show(figure, sky, text, word) {
    if (figure.tip) figure.tip.remove();
    figure.tip = tip(word);
    sky.append(figure.tip);
    const place = text.getBoundingClientRect(), frame = sky.getBoundingClientRect();
    const left = Math.min(Math.max(place.left - frame.left, 0), Math.max(frame.width - figure.tip.offsetWidth, 0));
    const below = place.bottom - frame.top + 4;
    const top = below + figure.tip.offsetHeight > frame.height ? Math.max(place.top - frame.top - figure.tip.offsetHeight - 4, 0) : below;
    figure.tip.style.left = left + "px";
    figure.tip.style.top = top + "px";
  }

  /** Buttons that come nearer and go back; nearer, the cloud is moved by dragging it. */
  function zoom(svg, width) {
    const view = { scale: 1, x: width / 2, y: HEIGHT / 2 };
    const apply = function () {
      const [w, h] = [width / view.scale, HEIGHT / view.scale];
      view.x = Math.min(Math.max(view.x, w / 2), width - w / 2);
      view.y = Math.min(Math.max(view.y, h / 2), HEIGHT - h / 2);
      svg.setAttribute("viewBox", `${view.x - w / 2} ${view.y - h / 2} ${w} ${h}`);
      svg.classList.toggle("near", view.scale > 1);
    };
    svg.addEventListener("pointermove", function (event) {
      if (event.buttons !== 1 || view.scale === 1) return;
      view.x -= event.movementX / view.scale;
      view.y -= event.movementY / view.scale;
      apply();
    });
    const button = function (sign, name, change) {
      const made = element("button", { type: "button", "aria-label": name }, sign);
      made.addEventListener("click", function () {
        view.scale = Math.min(Math.max(change(view.scale), 1), MOST_ZOOM);
        apply();
      });
      return made;
    };
    return element("div", { class: "zoom" }, button("+", "Nearer", (scale) => scale * 1.5), button("\u2212", "Farther", (scale) => scale / 1.5), button("whole", "The whole cloud", () => 1));
  }

  function fill(figure) {
    const details = figure.node.querySelector("details.figures");
    const name = genwatch.fileName(genwatch.source.monitor, "words", figure.role);
    const heads = ["word", "part of the drift", "share of texts before", "share of texts now"];
    const number = (share) => element("td", { class: "number" }, value(share, "share"));
    const body = figure.words.map((word) => element("tr", {}, element("th", { scope: "row" }, word[TOKEN]), number(word[PART]), number(word[BEFORE]), number(word[NOW])));
    const head = element("tr", {}, ...heads.map((one, index) => element("th", { scope: "col", ...(index ? { class: "number" } : {}) }, one)));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
    const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Words of " + figure.role + "s" }, table);
    details.replaceChildren(details.querySelector("summary"), genwatch.downloads("words of " + figure.role + "s", name, () => [heads, ...figure.words], () => picture(figure)), scroll);
  }

  /** The cloud as it is drawn, whole and with its colours, for a file. */
  function picture(figure) {
    const svg = figure.node.querySelector("svg").cloneNode(true);
    const palette = genwatch.palette();
    svg.setAttribute("xmlns", SVG);
    svg.setAttribute("viewBox", `0 0 ${figure.width} ${HEIGHT}`);
    svg.setAttribute("width", figure.width);
    svg.setAttribute("height", HEIGHT);
    svg.setAttribute("font-family", palette.font);
    for (const text of svg.querySelectorAll("text")) {
      text.setAttribute("fill", palette.colour(text.classList.contains("now") ? "c2" : "c1"));
      text.setAttribute("text-anchor", "middle");
      text.setAttribute("font-weight", "600");
    }
    return { text: new XMLSerializer().serializeToString(svg), width: figure.width, height: HEIGHT };
  }

  const clouds = JSON.parse(source.textContent);
  for (const node of document.querySelectorAll("figure.cloud")) {
    const figure = { node, role: node.dataset.role, words: clouds[node.dataset.role], width: 0, tip: null };
    node.querySelector("details.figures").addEventListener("toggle", (event) => event.target.open && fill(figure));
    new ResizeObserver(() => draw(figure)).observe(node.querySelector(".sky"));
    addEventListener("keydown", (event) => event.key === "Escape" && figure.tip && figure.tip.remove());
    addEventListener("beforeprint", () => fill(figure));
  }
})(globalThis.genwatch);
