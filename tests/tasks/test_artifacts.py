from markdown_it import MarkdownIt

from tasks.artifacts import where


def test_a_report_on_a_disk_is_an_address_to_open_and_no_dead_link() -> None:
    told = where("file:///srv/results/bot/report/index.html", "file:///srv/results/bot")
    assert "```\nfile:///srv/results/bot/report/index.html\n```" in told
    assert "<a " not in MarkdownIt().render(told)


def test_a_report_in_a_bucket_is_told_with_the_command_that_brings_it() -> None:
    page = "report/window=20261120T0600Z/rev=1.html"
    told = where(f"s3://bucket/genwatch/bot/{page}", "s3://bucket/genwatch/bot")
    assert "aws s3 sync s3://bucket/genwatch/bot/report report" in told
    assert "open `report/window=20261120T0600Z/rev=1.html`" in told
    azure = where("az://box/genwatch/bot/report/index.html", "az://box/genwatch/bot")
    assert "--source box --pattern 'genwatch/bot/report/*'" in azure
    assert "gcloud storage rsync -r gs://b/bot/report report" in where("gs://b/bot/report/index.html", "gs://b/bot")
