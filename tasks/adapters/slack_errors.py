"""What Slack answers when it takes no message, in one sentence with the remedy; no secret is in it."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Final
from urllib.error import URLError

from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryHandler, RetryState
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from tasks.adapters.faults import LONGEST_RETRY_AFTER_S

RETRIES: Final = 3
TIMEOUT_S: Final = 10
INVITE: Final = "write /invite and the bot's name in the channel {channel}, or correct alerts.slack.channel"
TOKEN: Final = "install the app again and correct the token that alerts.slack.token names"  # noqa: S105  a sentence
SCOPE: Final = "give the app the scope chat:write and install it again"
WEBHOOK: Final = "make another webhook and correct what alerts.slack names"
ARCHIVED: Final = "its channel is archived; choose another one"
ADMIN: Final = "the workspace does not allow it; ask its administrator, or choose another channel"
LATER: Final = "too many messages at once"
DEFECT: Final = "this is a defect of genwatch, please report it"
REMEDIES: Final[Mapping[str, str]] = {
    "channel_not_found": INVITE,
    "not_in_channel": INVITE,
    "is_archived": ARCHIVED,
    "channel_is_archived": ARCHIVED,
    **dict.fromkeys(("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"), TOKEN),
    "not_allowed_token_type": "name a bot's token, which begins with xoxb-",
    "missing_scope": SCOPE,
    "no_permission": SCOPE,
    **dict.fromkeys(
        ("restricted_action", "access_denied", "ekm_access_denied", "posting_to_general_channel_denied"), ADMIN
    ),
    **dict.fromkeys(("action_prohibited", "restricted_action_read_only_channel"), ADMIN),
    **dict.fromkeys(("ratelimited", "rate_limited", "message_limit_exceeded"), LATER),
    **dict.fromkeys(("invalid_token", "no_service", "no_service_id", "no_team", "team_disabled"), WEBHOOK),
    **dict.fromkeys(("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"), DEFECT),
    **dict.fromkeys(("invalid_payload", "no_text", "invalid_arguments"), DEFECT),
}
UNANSWERED: Final = (SlackClientError, URLError, HTTPException, OSError, ValueError)  # what its clients let through
ONE_MESSAGE: Final = {code for code, remedy in REMEDIES.items() if remedy == DEFECT}  # another one may be taken


def unheard() -> logging.Logger:
    """A logger of its own that nobody hears: Slack's clients log addresses, which are secrets, and each attempt."""
    return logging.Logger("slack", level=logging.CRITICAL + 1)  # noqa: LOG001  none that a handler of the process has


class PatientRetryHandler(RateLimitErrorRetryHandler):
    """Waits as long as Slack asks, at most `LONGEST_RETRY_AFTER_S`; what would wait longer is left to the next run."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or not super()._can_retry(state=state, request=request, response=response, error=error):
            return False
        asked = next((values[0] for name, values in response.headers.items() if name.lower() == "retry-after"), "0")
        return asked.isdecimal() and int(asked) <= LONGEST_RETRY_AFTER_S


def retry_handlers() -> list[RetryHandler]:
    """Rate limits are waited for; server errors and broken connections are tried again."""
    return [
        ConnectionErrorRetryHandler(max_retry_count=RETRIES),
        PatientRetryHandler(max_retry_count=RETRIES),
        ServerErrorRetryHandler(max_retry_count=RETRIES),
    ]


def refusal(code: str, channel: str) -> str:
    """What to do about a code of Slack's API."""
    named = code if re.fullmatch(r"[a-z0-9_]{1,60}", code) else "an unknown code"
    return f"Slack answered {named}; {REMEDIES.get(named, 'look it up in its documentation').format(channel=channel)}"


def webhook_refusal(status: int, body: str) -> str:
    """What to do about a webhook's answer."""
    code = "rate_limited" if status == HTTPStatus.TOO_MANY_REQUESTS else body.strip()
    if code in REMEDIES:
        return f"Slack answered {status} {code}; {REMEDIES[code].format(channel='of the webhook')}"
    return f"Slack answered {status}; check the webhook"


def unreachable(error: Exception) -> str:
    """What to do where there was no answer."""
    return (
        f"Slack cannot be reached ({type(error).__name__}); check the network, and the address that alerts.slack names"
    )
