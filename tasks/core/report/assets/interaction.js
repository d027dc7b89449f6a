"use strict";
// One interaction as an article. Logged text only ever becomes a text node.
(function (genwatch) {
  const { element, stamp, value } = genwatch;
  const TITLES = { system: "System", history: "Before", prompt: "Prompt", context: "Context", completion: "Completion", ground_truth: "Ground truth" };
  const PILLS = { passed: "ok", failed: "breach", unscored: "undecided", "not asked": "no_data", "not applicable": "no_data" };
  const LONG_CHARACTERS = 900, LONG_LINES = 12;

  const words = (name) => name.replaceAll("_", " ");

  /** The fragment with which the page opens at an interaction. */
  genwatch.anchor = (id) => "#i=" + encodeURIComponent(id);

  /** An argument as a shell takes it, whatever is in it. */
  const quoted = (text) => (/^[A-Za-z0-9_./:@%+=][A-Za-z0-9_./:@%+=-]*$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'");

  function score(metric, judged) {
    const [state, number] = judged;
    if (number === undefined || number === null) return state;
    const name = metric.labels && Object.hasOwn(metric.labels, number) ? " " + metric.labels[number] : "";
    return (state === "failed" ? "✕ " : "✓ ") + value(number, "rows") + name;
  }

  function verdict(metric, judged) {
    const [state, number, said, spread, disagreement] = judged;
    const item = element("li", { class: "judged" }, element("span", { class: "judged-name" }, words(metric.name)), " ", element("span", { class: "pill " + PILLS[state] }, score(metric, judged)));
    const spreads = [spread === undefined || spread === null ? "" : "repeats spread by " + spread.toFixed(2), disagreement === undefined || disagreement === null ? "" : "jurors differ by " + disagreement.toFixed(2)].filter(Boolean);
    if (state === "failed") item.append(element("span", { class: "quiet" }, " passes at " + value(metric.passAt, "rows")));
    if (spreads.length) item.append(element("span", { class: "quiet" }, " · " + spreads.join(", ")));
    if (said) item.append(element("p", { class: "reason", dir: "auto" }, number === null ? words(said) : said));
    return item;
  }

  function text(row, role, said) {
    const body = element("div", { class: "logged", dir: "auto" }, said);
    const block = element("section", { class: "text " + role }, element("h4", {}, TITLES[role]), body);
    if (said === "") body.replaceChildren(element("i", { class: "quiet" }, "empty"));
    if (said.length > LONG_CHARACTERS || said.split("\n", LONG_LINES + 1).length > LONG_LINES) {
      const more = element("button", { type: "button", class: "unfold", "aria-expanded": "false" }, "Show all");
      body.classList.add("clipped");
      more.addEventListener("click", () => {
        const clipped = body.classList.toggle("clipped");
        more.setAttribute("aria-expanded", String(!clipped));
        more.textContent = clipped ? "Show all" : "Show less";
      });
      block.append(more);
    }
    if (row.lengths && row.lengths[role]) block.append(element("p", { class: "quiet cut" }, "Cut: the store has " + value(row.lengths[role], "rows") + " characters."));
    return block;
  }

  function facts(row) {
    const list = element("dl", { class: "kinds" });
    const add = (name, said) => list.append(element("div", {}, element("dt", {}, words(name)), element("dd", { dir: "auto" }, said)));
    if (row.model) add("model_version", row.model);
    for (const [name, said] of Object.entries(row.segments || {})) add(name, said);
    if (row.feedback) add("feedback", row.feedback);
    return list;
  }

  /** The article of a row; `copied` is told the address that was asked for. */
  genwatch.article = function (row, metrics, copied) {
    const link = element("a", { href: genwatch.anchor(row.id), class: "called" }, row.id);
    const copy = element("button", { type: "button", class: "copy" }, "Copy link");
    copy.addEventListener("click", () => copied(genwatch.anchor(row.id)));
    const flags = (row.flags || []).map((flag) => element("span", { class: "flag" }, flag));
    const time = element("time", { datetime: new Date(row.time).toISOString(), class: "quiet" }, stamp(row.time) + " UTC");
    const head = element("header", {}, element("h3", { dir: "auto" }, link), time, ...flags, copy);
    const texts = Object.keys(TITLES).filter((role) => Object.hasOwn(row.texts || {}, role));
    const body = element("div", { class: "texts" }, ...texts.map((role) => text(row, role, row.texts[role])));
    const order = metrics.map((metric, index) => [metric, row.judged[index]]).sort((one, other) => (other[1][0] === "failed") - (one[1][0] === "failed"));
    const judged = element("ul", { class: "scores", "aria-label": "Scores" }, ...order.map(([metric, one]) => verdict(metric, one)));
    const all = element("p", { class: "quiet" }, "All of it: ", element("code", {}, "genwatch show CONFIG " + quoted(row.id)));
    const side = element("div", { class: "side" }, judged, facts(row), all);
    const article = element("article", { class: "interaction", tabindex: "-1" }, head, body, side);
    article.interaction = row.id;
    return article;
  };
})(globalThis.genwatch);
