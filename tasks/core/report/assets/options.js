"use strict";
// What ECharts is told to draw for each kind of panel; no point is joined to one that cannot be compared with it.
(function (genwatch) {
  const [TIME, VALUE, LOW, HIGH, ROWS, REVISION, JUDGE] = [0, 1, 2, 3, 4, 5, 6];
  const SYMBOLS = ["circle", "rect", "triangle", "diamond"];
  const CROWDED = 60; // points from which on only what must be seen has a symbol
  const BANDS = 3; // series up to which their intervals can be told apart; tables have them always
  const WHOLE_SHARE = 0.4; // shares beyond which an axis goes to 100 %
  Object.assign(genwatch, { TIME, VALUE, LOW, HIGH, ROWS, REVISION, JUDGE });

  /** The colours of the style sheet as they are now. */
  genwatch.palette = function () {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    return { colour, of: (series, index) => colour(series.tone || "c" + ((index % 8) + 1)), font: style.getPropertyValue("--font").trim() };
  };

  genwatch.within = (points, range) => points.filter((point) => point[TIME] >= range.from && point[TIME] < range.to);

  /** The points in runs that may be joined: one judge, no window without a value, no gap of more than a window. */
  genwatch.runs = function (points, every) {
    const runs = [];
    let before = null;
    for (const point of points) {
      if (point[VALUE] !== null) {
        const joined = before && before[JUDGE] === point[JUDGE] && !(every && point[TIME] - before[TIME] > 1.5 * every);
        if (!joined) runs.push([]);
        runs.at(-1).push(point);
      }
      before = point[VALUE] === null ? null : point;
    }
    return runs;
  };

  function symbolOf(point, index, run, crowded, colours) {
    if (point[REVISION] > 0) return { symbol: "circle", symbolSize: 8, itemStyle: colours };
    return crowded && run.length > 1 ? { symbol: "none" } : { symbol: SYMBOLS[index % SYMBOLS.length], symbolSize: 5 };
  }

  function lines(panel, range, palette, every) {
    const drawn = [];
    panel.series.forEach((series, index) => {
      const colour = palette.of(series, index);
      const revised = { color: palette.colour("card"), borderColor: colour, borderWidth: 2 };
      const points = genwatch.within(series.points, range);
      genwatch.runs(points, every).forEach((run, number) => {
        const shared = { type: "line", name: series.name, color: colour, animation: false, emphasis: { disabled: true } };
        const banded = panel.series.length > BANDS ? [] : run.filter((point) => point[LOW] !== null && point[HIGH] !== null);
        if (banded.length) {
          const hidden = { ...shared, silent: true, symbol: "none", lineStyle: { opacity: 0 }, stack: index + "/" + number, stackStrategy: "all", tooltip: { show: false } };
          const lone = banded.length === 1 ? 0.5 * (every || 0) * 0.25 : 0;
          const edges = lone ? [[banded[0][TIME] - lone, banded[0]], [banded[0][TIME] + lone, banded[0]]] : banded.map((point) => [point[TIME], point]);
          drawn.push({ ...hidden, data: edges.map(([time, point]) => [time, point[LOW]]) });
          drawn.push({ ...hidden, data: edges.map(([time, point]) => [time, point[HIGH] - point[LOW]]), areaStyle: { color: colour, opacity: 0.18 } });
        }
        drawn.push({
          ...shared, z: 3, lineStyle: { width: 1.75, color: colour, type: index % 2 ? [5, 3] : "solid" }, symbol: "none", showAllSymbol: true,
          data: run.map((point) => ({ value: [point[TIME], point[VALUE]], ...symbolOf(point, index, run, points.length > CROWDED, revised) })),
        });
      });
    });
    return drawn;
  }

  function bars(panel, range, palette) {
    return panel.series.map((series, index) => ({
      type: "bar", name: series.name, stack: "all", color: palette.of(series, index), barMaxWidth: 22, animation: false, emphasis: { disabled: true },
      data: genwatch.within(series.points, range).map((point) => [point[TIME], point[VALUE]]),
    }));
  }

  /** Limits, judge changes and alerts, on a series of their own that has no points. */
  function marks(panel, palette) {
    const limit = palette.colour("limit"), quiet = palette.colour("quiet");
    const label = { fontSize: 11, textBorderColor: palette.colour("card"), textBorderWidth: 3 };
    return {
      type: "line", data: [], silent: true, animation: false, z: 2,
      markLine: {
        symbol: "none", silent: true, animation: false,
        data: [
          ...panel.limits.map((one) => ({ yAxis: one.value, lineStyle: { color: limit, type: "dashed", width: 1.25 }, label: { ...label, formatter: () => one.text, position: one.direction === "min" ? "insideEndBottom" : "insideEndTop", color: limit } })),
          ...panel.breaks.map((one) => ({ xAxis: one.at, lineStyle: { color: quiet, type: [2, 3], width: 1.25 }, label: { ...label, formatter: () => "judge changed", position: "insideStartTop", color: quiet, rotate: 90 } })),
        ],
      },
      markArea: {
        silent: true, animation: false, label: { show: false },
        data: panel.spans.map((one) => [{ xAxis: one.start, itemStyle: { color: palette.colour(one.severity === "critical" ? "breach" : "undecided"), opacity: 0.1 } }, { xAxis: one.end }]),
      },
    };
  }

  function axisStyle(palette) {
    const line = { lineStyle: { color: palette.colour("line") } };
    return { axisLabel: { color: palette.colour("quiet"), fontSize: 11, hideOverlap: true }, axisLine: { show: true, ...line }, axisTick: { show: true, ...line }, splitLine: line };
  }

  function valueAxis(panel, palette, range) {
    const style = axisStyle(palette);
    const points = panel.series.flatMap((series) => genwatch.within(series.points, range));
    const known = [...points.flatMap((point) => [point[VALUE], point[HIGH]]), ...panel.limits.map((limit) => limit.value)].filter((one) => one !== null);
    const whole = panel.unit === "share" && (panel.kind === "bars" || Math.max(0, ...known) > WHOLE_SHARE);
    return {
      type: "value", ...style, axisLine: { show: false }, axisTick: { show: false }, splitNumber: 4, scale: ["rating", "score"].includes(panel.unit),
      ...(whole ? { min: 0, max: 1, interval: 0.25 } : {}), axisLabel: { ...style.axisLabel, formatter: (value) => genwatch.tick(value, panel.unit) },
    };
  }

  function timeAxis(palette, range) {
    const style = axisStyle(palette);
    const formatter = { year: "{yyyy}", month: "{MM}-{dd}", day: "{MM}-{dd}", hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}" };
    return { type: "time", min: range.from, max: range.to, ...style, splitLine: { show: false }, splitNumber: 4, axisLabel: { ...style.axisLabel, formatter } };
  }

  function legend(panel, palette, names) {
    return panel.named ? { show: true, type: "scroll", top: 0, left: 0, right: 0, itemWidth: 16, itemHeight: 8, icon: "roundRect", data: names, textStyle: { color: palette.colour("ink"), fontSize: 12 }, pageTextStyle: { color: palette.colour("quiet") }, pageIconColor: palette.colour("accent"), pageIconInactiveColor: palette.colour("line") } : { show: false };
  }

  /** The whole option of a panel; `tooltip` makes the element that is shown at a place. */
  genwatch.options = function (panel, range, every, tooltip) {
    const palette = genwatch.palette();
    const names = panel.series.map((series) => series.name);
    const frame = {
      animation: false, useUTC: true, textStyle: { fontFamily: palette.font }, legend: legend(panel, palette, names),
      grid: { left: 8, right: 14, top: panel.named ? 34 : 14, bottom: 4, containLabel: true },
      tooltip: { confine: true, transitionDuration: 0, backgroundColor: palette.colour("card"), borderColor: palette.colour("line"), textStyle: { color: palette.colour("ink"), fontSize: 12, fontFamily: palette.font }, axisPointer: { lineStyle: { color: palette.colour("quiet") } }, formatter: tooltip },
    };
    if (panel.kind === "scatter") {
      const style = axisStyle(palette);
      const axis = (name, gap) => ({ type: "value", name, nameLocation: "middle", nameGap: gap, nameTextStyle: { color: palette.colour("quiet") }, ...style });
      return {
        ...frame, grid: { ...frame.grid, bottom: 26, left: 26 }, tooltip: { ...frame.tooltip, trigger: "item" }, xAxis: axis(panel.axes[0], 26), yAxis: axis(panel.axes[1], 36),
        series: panel.series.map((series, index) => ({ type: "scatter", name: series.name, symbol: SYMBOLS[index % 4], symbolSize: 9, color: palette.of(series, index), data: series.dots.map((dot) => ({ name: dot[0], value: [dot[1], dot[2]] })) })),
      };
    }
    const yAxis = valueAxis(panel, palette, range);
    const axial = { ...frame.tooltip, trigger: "axis" };
    if (panel.kind === "histogram") {
      return {
        ...frame, tooltip: axial, xAxis: { type: "category", data: panel.labels, ...axisStyle(palette), splitLine: { show: false } }, yAxis,
        series: panel.series.map((series, index) => ({ type: "bar", name: series.name, barMaxWidth: 44, color: palette.of(series, index), data: series.values, label: { show: true, position: "top", color: palette.colour("quiet") }, animation: false })),
      };
    }
    const drawn = panel.kind === "bars" ? bars(panel, range, palette) : lines(panel, range, palette, every);
    return { ...frame, tooltip: axial, xAxis: timeAxis(palette, range), yAxis, series: [...drawn, marks(panel, palette)] };
  };
})(globalThis.genwatch);
