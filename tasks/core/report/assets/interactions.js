"use strict";
// The interactions of a window: searched, filtered, sorted, and drawn a page at a time; what is chosen stands in the fragment.
(function (genwatch) {
  const PAGE = 50, MOST_VALUES = 200, MOST_MARKS = 2000;
  const { element, value } = genwatch;
  const { metrics, segments, rows } = JSON.parse(document.getElementById("interactions").textContent);
  const at = (id) => document.getElementById(id);
  const form = at("filters"), list = at("list"), pinned = at("pinned"), hits = at("hits");
  const columns = [...(rows.some((row) => row.model) ? ["model_version"] : []), ...segments];
  const places = new Map(rows.map((row, index) => [row.id, index]));
  const hay = new Array(rows.length);
  let state = {}, found = [], current = -1;

  const cell = (row, column) => (column === "model_version" ? row.model : Object.hasOwn(row.segments || {}, column) ? row.segments[column] : undefined);
  const kind = (flag) => flag.split(":", 1)[0];

  /** All that is said in a row, in small letters. */
  function told(index) {
    if (hay[index] === undefined) {
      const row = rows[index];
      const said = [row.id, row.model, row.feedback, ...Object.values(row.segments || {}), ...Object.values(row.texts || {}), ...(row.flags || []), ...row.judged.map((one) => one[2])];
      hay[index] = said.filter(Boolean).join("\n").toLowerCase();
    }
    return hay[index];
  }

  const wanted = () => (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);

  function matches(index, searched) {
    const row = rows[index];
    if (state.by && state.is !== undefined && cell(row, state.by) !== state.is) return false;
    if (state.flag && !(state.flag === "feedback" ? row.feedback : (row.flags || []).some((flag) => kind(flag) === state.flag))) return false;
    const low = state.from === undefined ? -Infinity : Number(state.from), high = state.to === undefined ? Infinity : Number(state.to);
    const ranged = low > -Infinity || high < Infinity;
    if (state.metric || state.result || ranged) {
      const fits = ([result, score], number) =>
        (!state.metric || metrics[number].name === state.metric) && (!state.result || result === state.result) && (!ranged || (typeof score === "number" && low <= score && score <= high));
      if (!row.judged.some(fits)) return false;
    }
    return searched.every((word) => told(index).includes(word));
  }

  /** The rows in the order that is asked for; without one they lie as they come, the worst first. */
  function sorted(indexes) {
    const [by, name] = (state.sort || "").split(":");
    if (by === "newest") return indexes.sort((one, other) => rows[other].time - rows[one].time || one - other);
    if (by === "oldest") return indexes.sort((one, other) => rows[one].time - rows[other].time || one - other);
    const number = metrics.findIndex((metric) => metric.name === name);
    if (number < 0) return indexes;
    const way = by === "highest" ? -1 : 1;
    const score = (index) => (typeof rows[index].judged[number][1] === "number" ? way * rows[index].judged[number][1] : Infinity);
    return indexes.sort((one, other) => (score(one) === score(other) ? one - other : score(one) - score(other)));
  }

  /** Marks the words that are searched for, where the browser can, without touching the text. */
  function mark(searched) {
    if (!globalThis.CSS || !CSS.highlights) return;
    const ranges = [];
    const walker = document.createTreeWalker(list, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && searched.length && ranges.length < MOST_MARKS; node = walker.nextNode()) {
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (const word of searched) {
        for (let from = text.indexOf(word); from >= 0 && ranges.length < MOST_MARKS; from = text.indexOf(word, from + word.length)) {
          const range = new Range();
          range.setStart(node, from);
          range.setEnd(node, from + word.length);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  }

  const article = (index) => genwatch.article(rows[index], metrics, copy);

  /** The interaction that the address names, above the others where it is not among those on the page. */
  function pin(shown) {
    pinned.replaceChildren();
    pinned.hidden = true;
    if (state.i === undefined) return undefined;
    const index = places.get(state.i);
    if (index !== undefined && shown.includes(index)) return list.children[shown.indexOf(index)];
    pinned.hidden = false;
    if (index === undefined) {
      pinned.append(element("p", {}, "The interaction ", element("code", {}, state.i), " is not on this page. ", element("code", {}, "genwatch show"), " tells of any."));
      return pinned;
    }
    pinned.append(element("p", {}, "The address names this interaction, which the filters hide:"), article(index));
    return pinned.lastElementChild;
  }

  function draw(movesToLink) {
    const searched = wanted();
    found = sorted(rows.map((_, index) => index).filter((index) => matches(index, searched)));
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    const named = movesToLink ? found.indexOf(places.get(state.i)) : -1;
    if (named >= 0) state.page = Math.floor(named / PAGE) + 1;
    state.page = Math.min(Math.max(1, state.page || 1), pages);
    const from = (state.page - 1) * PAGE;
    const shown = found.slice(from, from + PAGE);
    list.replaceChildren(...shown.map(article));
    current = -1;
    const failing = found.filter((index) => rows[index].judged.some((one) => one[0] === "failed")).length;
    hits.textContent = found.length === 0 ? "No interaction is like that" : value(found.length, "rows") + " of " + value(rows.length, "rows") + " interactions, " + value(failing, "rows") + " failing";
    for (const pager of document.querySelectorAll(".pages")) {
      pager.hidden = pages === 1;
      pager.querySelector(".place").textContent = value(from + 1, "rows") + " to " + value(from + shown.length, "rows");
      pager.querySelector(".back").disabled = state.page === 1;
      pager.querySelector(".on").disabled = state.page === pages;
    }
    mark(searched);
    const target = pin(shown);
    if (target && movesToLink) {
      target.classList.add("named");
      if (target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "start" });
    }
  }

  function remember() {
    const kept = new URLSearchParams();
    for (const [name, one] of Object.entries(state)) if (one !== undefined && one !== "" && !(name === "page" && one === 1)) kept.set(name, one);
    history.replaceState(null, "", kept.size ? "#" + kept : location.pathname + location.search);
  }

  function choose(select, options, chosen) {
    select.replaceChildren(...options.map(([one, title]) => element("option", { value: one }, title)));
    select.value = options.some(([one]) => one === chosen) ? chosen : options[0][0];
  }

  /** The values of a column, the most frequent first. */
  function values(column) {
    const counts = new Map();
    for (const row of rows) {
      const one = cell(row, column);
      if (one !== undefined) counts.set(one, (counts.get(one) || 0) + 1);
    }
    return [...counts].sort((one, other) => other[1] - one[1]).slice(0, MOST_VALUES);
  }

  function offer() {
    const names = metrics.map((metric) => [metric.name, metric.name.replaceAll("_", " ")]);
    const flags = [...new Set(rows.flatMap((row) => (row.flags || []).map(kind)))].map((flag) => [flag, flag]);
    choose(form.metric, [["", "any metric"], ...names], state.metric);
    choose(form.result, [["", "any result"], ...["failed", "passed", "unscored", "not asked", "not applicable"].map((one) => [one, one])], state.result);
    choose(form.flag, [["", "any"], ...flags, ...(rows.some((row) => row.feedback) ? [["feedback", "feedback"]] : [])], state.flag);
    choose(form.by, [["", "all"], ...columns.map((column) => [column, column.replaceAll("_", " ")])], state.by);
    choose(form.sort, [["", "worst first"], ["newest", "newest first"], ["oldest", "oldest first"], ...names.map(([name, title]) => ["lowest:" + name, title + ", lowest first"]), ...names.map(([name, title]) => ["highest:" + name, title + ", highest first"])], state.sort);
    form.q.value = state.q || "";
    form.from.value = state.from || "";
    form.to.value = state.to || "";
    at("flag-choice").hidden = form.flag.options.length < 2;
    at("by-choice").hidden = columns.length === 0;
    offerValues();
  }

  /** The list of values is by place, as an option's value loses nothing then. */
  function offerValues() {
    const kept = state.by ? values(state.by) : [];
    at("is-choice").hidden = !state.by;
    choose(form.is, [["", "any value"], ...kept.map(([one, count], index) => [String(index), one + " (" + value(count, "rows") + ")"])], String(kept.findIndex(([one]) => one === state.is)));
    return kept;
  }

  function read() {
    state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    state.page = Math.floor(Number(state.page)) || 1;
    offer();
    draw(state.i !== undefined);
  }

  function changed(event) {
    const by = form.by.value;
    const kept = state.by ? values(state.by) : [];
    const is = by !== "" && by === state.by && form.is.value !== "" ? kept[Number(form.is.value)][0] : undefined;
    const others = Object.fromEntries(["q", "metric", "result", "from", "to", "flag", "sort"].map((name) => [name, form[name].value || undefined]));
    state = { ...others, by: by || undefined, is };
    if (event && event.target === form.by) offerValues();
    remember();
    draw(false);
  }

  async function copy(anchor) {
    const address = location.href.split("#", 1)[0] + anchor;
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      const field = element("textarea", { readonly: "" }, address); // without https there is no clipboard but this one
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    at("said").textContent = "The link is copied";
    setTimeout(() => (at("said").textContent = ""), 4000);
  }

  function turn(by) {
    state.page += by;
    state.i = undefined;
    remember();
    draw(false);
    list.scrollIntoView({ block: "start" });
  }

  /** Moves to the next or the last article, over the ends of the pages. */
  function move(by) {
    const focused = [...list.children].indexOf(document.activeElement.closest(".interaction"));
    const to = (focused >= 0 ? focused : current) + by;
    if (to >= list.children.length && state.page * PAGE < found.length) {
      turn(1);
      return move(1);
    }
    if (to < 0 && state.page > 1) {
      turn(-1);
      current = list.children.length;
      return move(-1);
    }
    current = Math.min(Math.max(to, 0), list.children.length - 1);
    const target = list.children[current];
    if (target) {
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "start" });
    }
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const steps = { j: 1, k: -1 };
    if (event.key === "/") form.q.focus();
    else if (Object.hasOwn(steps, event.key)) move(steps[event.key]);
    else return;
    event.preventDefault();
  }

  let waits = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(waits);
    waits = setTimeout(() => changed(event), event.target.type === "search" ? 120 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  at("clear").addEventListener("click", () => {
    state = { i: state.i, page: 1 };
    remember();
    offer();
    draw(false);
  });
  for (const pager of document.querySelectorAll(".pages")) {
    pager.querySelector(".back").addEventListener("click", () => turn(-1));
    pager.querySelector(".on").addEventListener("click", () => turn(1));
  }
  document.addEventListener("keydown", pressed);
  addEventListener("hashchange", read);
  at("shown").hidden = false;
  read();
})(globalThis.genwatch);
