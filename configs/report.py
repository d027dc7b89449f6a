"""Where people open the report."""

from typing import Annotated

from pydantic import Field

from configs.values import Section

WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]


class Report(Section):
    """Where people open the report, which is files in the store."""

    base_url: WebAddress | None = None
    """Where the store's files are served, such as `https://reports.example.com/genwatch`: links in Slack, in Prefect
    and in webhooks go there. Without it they name the file in the store."""
