"use strict";
(function () {
  const metrics = JSON.parse(document.getElementById("charts").textContent);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue("--" + name).trim();
  const percent = (share) => (share === null ? "–" : (share * 100).toFixed(1) + " %");
  const label = (time) => time.slice(5, 16).replace("T", " ");
  const axis = {
    axisLabel: { color: colour("quiet"), hideOverlap: true },
    axisLine: { lineStyle: { color: colour("line") } },
    splitLine: { lineStyle: { color: colour("line") } },
  };
  const frame = { animation: false, textStyle: { fontFamily: "inherit" }, tooltip: { trigger: "axis", renderMode: "richText" } };

  // One line for each judge: scores of two fingerprints are never connected.
  function history(metric) {
    const points = metric.history;
    const judges = [...new Set(points.filter((point) => point.judge).map((point) => point.judge))];
    const of = (judge, pick) => points.map((point) => (point.judge === judge ? pick(point) : null));
    const series = judges.flatMap((judge, index) => [
      { type: "line", stack: "band" + index, data: of(judge, (point) => point.low), lineStyle: { opacity: 0 }, symbol: "none", silent: true },
      { type: "line", stack: "band" + index, data: of(judge, (point) => (point.low === null ? null : point.high - point.low)), lineStyle: { opacity: 0 }, areaStyle: { color: colour("band"), opacity: 0.6 }, symbol: "none", silent: true },
      { type: "line", data: of(judge, (point) => point.value), color: colour("accent"), symbolSize: 6, lineStyle: { width: 2, type: index % 2 ? "dashed" : "solid" } },
    ]);
    if (metric.limit !== null && series.length) {
      series[series.length - 1].markLine = { silent: true, symbol: "none", lineStyle: { color: colour("breach"), type: "solid" }, label: { show: false }, data: [{ yAxis: metric.limit }] };
    }
    const told = (items) => {
      const point = points[items[0].dataIndex];
      return label(point.time) + " UTC\n" + percent(point.value) + " (" + percent(point.low) + " to " + percent(point.high) + ")\n" + point.n + " scored";
    };
    return {
      ...frame, series, tooltip: { ...frame.tooltip, formatter: told },
      title: { left: 0, text: "Pass rate by window" + (judges.length > 1 ? " (the judge changed)" : ""), textStyle: { fontSize: 12, fontWeight: 500, color: colour("quiet") } },
      grid: { left: 48, right: 16, top: 38, bottom: 26 },
      xAxis: { type: "category", data: points.map((point) => label(point.time)), ...axis, axisLabel: { color: colour("quiet"), interval: Math.ceil(points.length / 3) - 1 } },
      yAxis: { type: "value", min: 0, max: 1, ...axis, axisLabel: { color: colour("quiet"), formatter: (share) => share * 100 + " %" } },
    };
  }

  function histogram(metric) {
    const bars = metric.histogram.map((rows, index) => ({ value: rows, itemStyle: { color: index + metric.lowest < metric.passAt ? colour("breach") : colour("ok") } }));
    return {
      ...frame, series: [{ type: "bar", data: bars, barWidth: "62%", label: { show: true, position: "top", color: colour("quiet") } }],
      tooltip: { ...frame.tooltip, formatter: (items) => "score " + items[0].name + ": " + items[0].value + " interactions" },
      title: { left: 0, text: "Scores in this window", textStyle: { fontSize: 12, fontWeight: 500, color: colour("quiet") } },
      grid: { left: 48, right: 16, top: 44, bottom: 26 },
      xAxis: { type: "category", data: metric.labels, ...axis },
      yAxis: { type: "value", minInterval: 1, ...axis },
    };
  }

  const drawn = [...document.querySelectorAll(".chart")].map((element) => {
    const metric = metrics[Number(element.dataset.metric)];
    const chart = echarts.init(element, null, { renderer: "svg" });
    chart.setOption(element.classList.contains("history") ? history(metric) : histogram(metric));
    return chart;
  });
  addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
})();
