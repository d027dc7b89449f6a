"""Headers as the environment variables of OpenTelemetry hold them."""

from collections.abc import Mapping
from urllib.parse import unquote

from tasks.core.errors import ConfigError


def headers_of(text: str) -> Mapping[str, str]:
    """The headers in `name=value,…`, values percent-encoded; raises ConfigError, without the text, for another form."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        message = "export.otlp.headers: what it names is not of the form name=value,name=value; correct the secret"
        raise ConfigError(message)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}
