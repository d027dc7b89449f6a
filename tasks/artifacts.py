"""What Prefect shows of a window: artifacts whose keys stay the same, so that it shows their history."""

from collections.abc import Sequence
from typing import Final

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from configs.monitor import MonitorConfig
from tasks.core.conclusion import conclusion
from tasks.core.measure import Measure
from tasks.core.report.measure_table import measure_table
from tasks.core.report.places import ROOT
from tasks.core.report.summary import summary, worst_rows
from tasks.core.report.view import ReportView
from tasks.core.run import Published

OPENING: Final = {
    "s3": "aws s3 sync {pages} report",
    "gs": "gcloud storage rsync -r {pages} report",
    "az": "az storage blob download-batch --source {container} --pattern '{folder}/*' --destination .",
}


def show_artifacts(config: MonitorConfig, view: ReportView, measures: Sequence[Measure], published: Published) -> None:
    """Make the artifacts of one window; each description says which, and how it went."""
    name, label, how = config.name, published.window.label, conclusion([published])
    create_markdown_artifact(summary(view), key=f"{name}-summary", description=how)
    table = measure_table(measures, published.verdicts)
    create_table_artifact(table, key=f"{name}-measures", description=how)
    worst = f"{label}: {view.failed_judgements:,} judgements failed, the lowest scores first"
    create_table_artifact(worst_rows(view.failures), key=f"{name}-worst", description=worst)
    if config.contract is not None:
        rows = [dict(row) for row in view.contract]
        create_table_artifact(rows, key=f"{name}-contract", description=f"{label}: the data contract")
    if published.report.startswith(("http://", "https://")):
        create_link_artifact(published.report, link_text="Open the report", key=f"{name}-report", description=how)
    else:
        create_markdown_artifact(where(published.report, published.results), key=f"{name}-report", description=how)


def where(report: str, results: str) -> str:
    """How to open a report that no web server serves: a browser follows no link to a file from a page of a server."""
    scheme = report.partition("://")[0]
    tip = "For a link here and in alerts, serve the store and set `report: {base_url: https://…}` in the monitor file."
    if scheme == "file":
        return f"Open this address in a browser on the machine that ran the monitor:\n\n```\n{report}\n```\n\n{tip}"
    container, _, folder = results.partition("://")[2].partition("/")
    command = OPENING[scheme].format(pages=f"{results}/{ROOT}", container=container, folder=f"{folder}/{ROOT}")
    page = report.removeprefix(f"{results}/")
    return f"The report is at\n\n```\n{report}\n```\n\nBring it here and open `{page}`:\n\n```\n{command}\n```\n\n{tip}"
