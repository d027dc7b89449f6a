"""What a deployment's page says of its monitor."""

from pathlib import Path

from markdown_it import MarkdownIt

from deployments.description import description
from tests.builders import monitor


def test_a_deployment_says_what_is_watched_by_which_limits_and_who_is_told(tmp_path: Path) -> None:
    config = monitor(
        tmp_path,
        description="Answers <b>questions</b>",
        schedule={"interval": "1h"},
        alerts={"slack": "env:SLACK"},
        report={"base_url": "https://reports.example.com/genwatch"},
        operations={},
        sample={"rate": 0.125},
    )
    page = MarkdownIt("commonmark").enable("table").render(description(config))
    for told in (
        "<p>Answers &lt;b&gt;questions&lt;/b&gt;</p>",
        "<td>interval <code>1h</code>, UTC</td>",
        "<td>12.5 % of a window, at most 2,000 interactions</td>",
        "<td>the local evaluator</td>",
        "<td>operations</td>",
        "<td>https://reports.example.com/genwatch/bot/report/index.html</td>",
        "<td>slack</td>",
        "<li>quality.fluency.pass_rate min 0.7</li>",
    ):
        assert told in page


def test_a_monitor_without_schedule_limits_and_channel_says_so(tmp_path: Path) -> None:
    quality = {"metrics": {"fluency": {}}, "min_coverage": None}
    config = monitor(tmp_path, quality=quality, source={"quarantine": {"breach_above": None}})
    told = description(config)
    assert "| schedule | none |" in told
    assert "No limits: it only watches." in told
    assert "nobody; alerts are Prefect events" in told
