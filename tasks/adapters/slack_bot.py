"""Slack by bot: a message for each alert, kept up to date, and what follows in its thread."""

from dataclasses import dataclass
from typing import Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from tasks.adapters.slack_errors import (
    ONE_MESSAGE,
    TIMEOUT_S,
    UNANSWERED,
    refusal,
    retry_handlers,
    unheard,
    unreachable,
)
from tasks.core.alert import Event
from tasks.core.news import Delivered, Digest, News, Notice
from tasks.core.slack.block import Message
from tasks.core.slack.compact import Mentions
from tasks.core.slack.digest import digest_message
from tasks.core.slack.threaded import first, present, reply

GONE: Final = {"message_not_found", "thread_not_found", "cannot_reply_to_message"}  # the first message, or its thread
FIXED: Final = {"cant_update_message", "edit_window_closed", "update_failed"}  # it stands, and stays as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackBot:
    """A Slack channel by a bot's token, which is a secret and is in no result.

    The reference of a thread is `channel:timestamp`.
    """

    token: str
    channel: str
    api_url: str
    mentions: Mentions

    def tell(self, news: News) -> Delivered:
        """Each notice by itself; what fails for all of them is not tried for the rest."""
        client, failures, threads = self._client(), dict[str, str](), dict[str, str]()
        for number, notice in enumerate(news.notices):
            try:
                threads[notice.key] = self._told(client, news, notice)
            except SlackApiError as error:
                code = _code(error)
                failures[notice.key] = refusal(code, self.channel)
                if code in ONE_MESSAGE:
                    continue
            except UNANSWERED as error:
                failures[notice.key] = unreachable(error)
            else:
                continue
            failures |= {later.key: failures[notice.key] for later in news.notices[number + 1 :]}
            break
        return Delivered(failures=failures, threads=threads)

    def summarise(self, digest: Digest) -> str | None:
        """One message."""
        try:
            self._post(self._client(), digest_message(digest), None)
        except SlackApiError as error:
            return refusal(_code(error), self.channel)
        except UNANSWERED as error:
            return unreachable(error)
        return None

    def _client(self) -> WebClient:
        return WebClient(
            self.token,
            base_url=self.api_url,
            timeout=TIMEOUT_S,
            retry_handlers=retry_handlers(),
            logger=unheard(),
        )

    def _told(self, client: WebClient, news: News, notice: Notice) -> str:
        """The reference of the thread in which the alert is told; anew where its first message is not there any more.

        The first message is brought up to date before the reply is sent: when that fails and all is tried again, the
        same stands there once more, and nobody reads anything twice.
        """
        channel, _, thread = (notice.thread or "").partition(":")
        if channel != self.channel or not thread:
            return self._post(client, first(news, notice, self.mentions), None)
        try:
            if notice.event is not Event.AMENDED:
                self._update(client, present(news, notice), thread)
            self._post(client, reply(news, notice, self.mentions), thread)
        except SlackApiError as error:
            if _code(error) not in GONE:
                raise
            return self._post(client, first(news, notice, self.mentions), None)
        return f"{channel}:{thread}"

    def _post(self, client: WebClient, message: Message, thread: str | None) -> str:
        response = client.chat_postMessage(
            channel=self.channel,
            text=message.text,
            blocks=[dict(block) for block in message.blocks],
            thread_ts=thread,
            unfurl_links=False,
            unfurl_media=False,
        )
        return f"{self.channel}:{response['ts']}"

    def _update(self, client: WebClient, message: Message, timestamp: str) -> None:
        """Bring the first message up to date, where Slack allows that."""
        blocks = [dict(block) for block in message.blocks]
        try:
            client.chat_update(channel=self.channel, ts=timestamp, text=message.text, blocks=blocks)
        except SlackApiError as error:
            if _code(error) not in FIXED:
                raise


def _code(error: SlackApiError) -> str:
    """Slack's code of what is wrong; `http_500` where it gave none."""
    response = error.response
    if not isinstance(response, SlackResponse):
        return "no_answer"
    code = response.get("error") if isinstance(response.data, dict) else None
    return str(code) if code else f"http_{response.status_code}"
