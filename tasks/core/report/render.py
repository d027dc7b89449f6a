"""The report as one self-contained page: Jinja2 with autoescape, ECharts inlined, no request to anywhere."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import jinja2

from tasks.core.measure import Measure
from tasks.core.report.view import MetricView, ReportView

THOUSAND: Final = 1000  # from there on without decimals
LOCAL_NOTE: Final = (
    "Scores by the local evaluator: text statistics, not a language model. "
    "They show gross faults and are no substitute for a judge."
)


def render_report(view: ReportView) -> str:
    """The page as HTML; its Content-Security-Policy allows its own two scripts and nothing from elsewhere."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tasks.core.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": share, "points": points, "figure": figure, "value": value_of, "words": words}
    scripts = [_source(environment, name) for name in ("echarts.common.min.js", "charts.js")]
    return environment.get_template("report.html.j2").render(
        view=view,
        charts=[_chart(metric) for metric in view.metrics],
        scripts=scripts,
        style=_source(environment, "report.css"),
        policy=_policy(scripts),
        note=LOCAL_NOTE if view.manifest.evaluator.provider == "local" else None,
    )


def share(value: float | None) -> str:
    """A share as a percentage with one decimal; a dash where there is none."""
    return "–" if value is None else f"{value:.1%}"


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign; a dash where there is none."""
    return "–" if value is None else f"{value * 100:+.1f} points".replace("-", "−")


def figure(value: float | None) -> str:
    """A score with two decimals; a dash where there is none."""
    return "–" if value is None else f"{value:.2f}"


def value_of(value: float | None, unit: str) -> str:
    """A measure's value or bound in its unit; a dash where there is none."""
    if value is None:
        return "–"
    shown = {
        "share": f"{value:.1%}",
        "score": f"{value:+.2f}",
        "rating": f"{value:.2f}",
        "ratio": f"{value:.3g}",
        "dollars": f"${value:,.4f}",
        "ms": f"{value:,.0f} ms",
        "seconds": f"{value:,.0f} s",
    }
    return shown.get(unit, f"{value:,.0f}" if abs(value) >= THOUSAND else f"{value:.4g}").replace("-", "−")


def words(measure: Measure) -> str:
    """A measure's address in words."""
    name = f"{measure.subject} {measure.measure}".replace("_", " ")
    if measure.segment_by is None:
        return name
    by = measure.segment_by.replace("_", " ")
    if measure.segment in {"true", "false"}:
        return f"{name}, {'' if measure.segment == 'true' else 'not '}{by}"
    return f"{name}, {by} {measure.segment}"


def _source(environment: jinja2.Environment, name: str) -> str:
    source, _, _ = environment.loader.get_source(environment, name) if environment.loader else ("", None, None)
    return source


def _policy(scripts: list[str]) -> str:
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"


def _chart(view: MetricView) -> Mapping[str, Any]:
    """The data of a metric's two charts, as the page's script reads it."""
    return {
        "name": view.metric.name,
        "passAt": view.metric.pass_at,
        "limit": view.verdict.limit if view.verdict else None,
        "histogram": list(view.histogram),
        "labels": list(view.metric.scale.labels.values()),
        "lowest": view.metric.scale.lowest,
        "history": [
            {
                "time": point.window_start.isoformat(),
                "value": point.value,
                "low": point.low,
                "high": point.high,
                "n": point.n,
                "judge": point.fingerprint,
            }
            for point in view.history
        ],
    }
