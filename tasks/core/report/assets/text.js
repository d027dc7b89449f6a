"use strict";
// Words, figures and elements. Logged text only ever becomes a text node.
globalThis.genwatch = {};
(function (genwatch) {
  const MINUS = "\u2212", DASH = "\u2013";

  /** So many significant digits: whole thousands in groups, what is very small with its exponent. */
  function general(value, digits) {
    const rounded = Number(value.toPrecision(digits)), size = Math.abs(rounded);
    if (size >= 1000) return grouped(rounded, 0);
    return size > 0 && size < 1e-4 ? rounded.toExponential() : String(rounded);
  }

  /** Rounded as Python rounds: halves to even. */
  function fixed(value, decimals, useGrouping = false) {
    return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals, roundingMode: "halfEven", useGrouping });
  }

  const grouped = (value, decimals) => fixed(value, decimals, true);

  const UNITS = {
    share: (value) => fixed(value * 100, 1) + "%",
    points: (value) => (value < 0 ? "" : "+") + fixed(value * 100, 1) + " points",
    score: (value) => (value < 0 ? "-" : "+") + fixed(Math.abs(value), 2),
    rating: (value) => fixed(value, 2),
    ratio: (value) => general(value, 3),
    dollars: (value) => "$" + grouped(value, 4),
    ms: (value) => grouped(value, 0) + " ms",
    seconds: (value) => grouped(value, 0) + " s",
  };

  /** A value in its unit, as the pages have it; a dash where there is none. */
  genwatch.value = function (value, unit) {
    if (value === null || value === undefined) return DASH;
    const shown = Object.hasOwn(UNITS, unit) ? UNITS[unit](value) : Math.abs(value) >= 1000 ? grouped(value, 0) : general(value, 4);
    return shown.replaceAll("-", MINUS);
  };

  /** A value on an axis: as short as it can be. */
  genwatch.tick = function (value, unit) {
    if (unit === "share") return general(value * 100, 4) + "%";
    if (unit === "points") return (general(value * 100, 4) + (value ? " pts" : "")).replaceAll("-", MINUS);
    if (unit === "ms") return value >= 10000 ? general(value / 1000, 4) + " s" : general(value, 4) + " ms";
    if (unit === "dollars") return "$" + general(value, 4);
    if (unit === "seconds") return value >= 172800 ? general(value / 86400, 4) + " d" : value >= 7200 ? general(value / 3600, 4) + " h" : general(value, 4) + " s";
    if (Math.abs(value) >= 1e6) return general(value / 1e6, 4) + " M";
    if (Math.abs(value) >= 1e4) return general(value / 1e3, 4) + " k";
    return general(value, 4).replaceAll("-", MINUS);
  };

  genwatch.interval = function (low, high, unit) {
    return low === null || high === null ? DASH : genwatch.value(low, unit) + " to " + genwatch.value(high, unit);
  };

  /** A time in milliseconds as `2026-11-20 06:00`, in UTC. */
  genwatch.stamp = function (time) {
    return new Date(time).toISOString().slice(0, 16).replace("T", " ");
  };

  genwatch.element = function (tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    made.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
    return made;
  };

  /** Whether a spreadsheet could take a text for a formula; as tasks/core/spreadsheet.py has it. */
  function isRisky(text) {
    const [first] = text.replace(/^[\p{Cc}\p{Cf}\p{Z}]+/u, "");
    return /^['\t\r\n]/.test(text) || (first !== undefined && "=+-@".includes(first.normalize("NFKC")[0]));
  }

  /** One cell of CSV; a text that a spreadsheet would take for a formula begins with an apostrophe. */
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = isRisky(value) ? "'" + value : value;
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  }

  genwatch.csv = function (rows) {
    return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  };

  /** A file name of what may be logged text. */
  genwatch.fileName = function (...parts) {
    return parts.filter(Boolean).join("-").replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 100);
  };
})(globalThis.genwatch);
