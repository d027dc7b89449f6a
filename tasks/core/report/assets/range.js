"use strict";
// The time range of a page, kept in the fragment of its address; which of several panels is shown; and the start.
(function (genwatch) {
  const { element } = genwatch;
  const HOUR = 3600000;
  const SPANS = { "24h": 24 * HOUR, "7d": 7 * 24 * HOUR };
  const form = document.getElementById("range");
  const until = genwatch.source.until;

  const fragment = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const read = (text) => Date.parse(text + "Z");
  const written = (time) => new Date(time).toISOString().slice(0, 16);

  /** The range that a fragment names; all of it where it names none that can be read. */
  function parsed(text) {
    if (Object.hasOwn(SPANS, text)) return { from: until - SPANS[text], to: until };
    const [from, to] = text.split("~").map(read);
    return from < to ? { from, to } : { from: -Infinity, to: Infinity };
  }

  function name() {
    const text = fragment().get("t") || "all";
    return Object.hasOwn(SPANS, text) || Number.isFinite(parsed(text).from) ? text : "all";
  }

  function apply() {
    const chosen = name(), range = parsed(chosen);
    genwatch.range = range;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.range === chosen));
    const times = [...document.querySelectorAll("[data-time]")];
    for (const row of times) row.hidden = !(Number(row.dataset.time) >= range.from && Number(row.dataset.time) < range.to);
    form.querySelector("#range-from").value = Number.isFinite(range.from) ? written(range.from) : "";
    form.querySelector("#range-to").value = Number.isFinite(range.to) ? written(range.to) : "";
    for (const link of document.querySelectorAll("a.carry")) {
      const [page, rest] = link.getAttribute("href").split("#");
      if (!rest || rest.startsWith("t=")) link.setAttribute("href", chosen === "all" ? page : page + "#t=" + chosen);
    }
    genwatch.redraw();
  }

  function choose(text) {
    const now = fragment();
    now.set("t", text);
    history.replaceState(null, "", "#" + decodeURIComponent(now.toString()));
    apply();
  }

  function startRange() {
    form.hidden = false;
    for (const button of form.querySelectorAll("button")) button.addEventListener("click", () => choose(button.dataset.range));
    const [from, to] = [form.querySelector("#range-from"), form.querySelector("#range-to")];
    for (const input of [from, to]) input.addEventListener("change", () => from.value && to.value && from.value < to.value && choose(from.value + "~" + to.value));
    addEventListener("hashchange", apply);
  }

  /** A list in front of the panels of one choice, which shows one of them. */
  function startChoices() {
    const groups = Map.groupBy([...document.querySelectorAll("figure[data-choice]")], (node) => node.dataset.choice);
    for (const [choice, nodes] of groups) {
      const select = element("select", {}, ...nodes.map((node) => element("option", { value: node.id }, node.dataset.chosen)));
      const show = () => nodes.forEach((node) => (node.hidden = node.id !== select.value));
      select.addEventListener("change", show);
      nodes[0].before(element("label", { class: "choose" }, choice + " ", select));
      show();
    }
  }

  startChoices();
  genwatch.start();
  if (form) {
    startRange();
    apply();
  }
  for (const node of document.querySelectorAll("[data-silent]")) node.hidden = Date.now() < Number(node.dataset.silent);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", genwatch.redraw);
  document.documentElement.dataset.ready = "true";
})(globalThis.genwatch);
