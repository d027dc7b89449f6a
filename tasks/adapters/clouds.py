"""Azure's and Google's refusals, as obstore hands them on, in one clear sentence: what, where, and what to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from obstore.exceptions import AlreadyExistsError

from tasks.core.errors import StorageError, UnreadableObjectError

ARCHIVED: Final = {"BlobArchived", "BlobBeingRehydrated"}
BUSY: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
FOREIGN: Final = ("invalid list response", "missing from response", "following redirect")  # no such service answers
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_STATUS: Final = re.compile(r"(?:status code:|\(code:) (\d{3})")
_KEY: Final = re.compile(r'Path "(.*?)"(?: contained|: Encountered)', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """What to say of one cloud: its permissions by action, and remedies by the codes that it answers."""

    name: str
    grants: Mapping[str, str]
    credentials: str
    endpoint: str
    remedies: Mapping[str, str]


WHO: Final = (
    "the account key or SAS is wrong or expired, this machine's clock is off, or the account's firewall shuts it out; "
    "correct AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY, the clock or the firewall"
)
AZURE: Final = Cloud(
    name="Azure Blob Storage",
    grants={
        "list": "the role Storage Blob Data Reader, or a SAS with `l`,",
        "read": "the role Storage Blob Data Reader, or a SAS with `r`,",
        "write": "the role Storage Blob Data Contributor, or a SAS with `cw`,",
        "delete": "the role Storage Blob Data Contributor, or a SAS with `d`,",
    },
    credentials="set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY, run `az login` with AZURE_USE_AZURE_CLI=true, "
    "or attach an identity",
    endpoint="AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ENDPOINT",
    remedies={
        "ContainerNotFound": "there is no such container; correct the name or create it",
        "ContainerBeingDeleted": "the container is being deleted; name another one",
        "AccountIsDisabled": "the storage account is disabled; enable it",
        "AuthenticationFailed": WHO,
        "AuthorizationFailure": WHO,
        "InvalidAuthenticationInfo": "the token is wrong or has expired; renew AZURE_STORAGE_TOKEN",
        "KeyBasedAuthenticationNotPermitted": "the storage account takes no keys; use a role, not "
        "AZURE_STORAGE_ACCOUNT_KEY",
        "BlobImmutableDueToPolicy": "a policy of the container forbids to change it; name another store",
    },
)
GOOGLE: Final = Cloud(
    name="Google Cloud Storage",
    grants={
        "list": "storage.objects.list",
        "read": "storage.objects.get",
        "write": "storage.objects.create and storage.objects.delete",
        "delete": "storage.objects.delete",
    },
    credentials="set GOOGLE_APPLICATION_CREDENTIALS, run `gcloud auth application-default login`, or attach a "
    "service account",
    endpoint="GOOGLE_BASE_URL",
    remedies={
        "NoSuchBucket": "there is no such bucket; correct the name or create it",
        "ExpiredToken": "the credentials have expired; renew them",
    },
)
MEMORY: Final = Cloud(name="memory", grants={}, credentials="", endpoint="", remedies={})


def code_of(error: Exception) -> str:
    """The code that the service gave, such as `ContainerNotFound`; empty where it gave none."""
    found = _CODE.search(f"{error}")
    return found[1] if found else ""


def status_of(error: Exception) -> int | None:
    """The HTTP status that the service answered with; None where it gave no answer."""
    found = _STATUS.search(f"{error}")
    return int(found[1]) if found else None


def unanswered(error: BaseException | None) -> bool:
    """Whether a request may have arrived, but no answer came."""
    return "error sending request" in f"{error}"


def refusal(error: Exception, where: str, action: str, cloud: Cloud) -> Exception:
    """The error to raise instead: a StorageError, or one that says how it stands with this one object."""
    code = code_of(error)
    if code in ARCHIVED:
        return UnreadableObjectError(f"{where} lies in the archive tier; rehydrate it")
    if isinstance(error, AlreadyExistsError) and code not in cloud.remedies:
        return FileExistsError(f"{where}: there is an object already")
    if isinstance(error, FileNotFoundError) and code not in cloud.remedies:
        return FileNotFoundError(f"{where}: there is no such object")
    return StorageError(f"{where}: {cloud.remedies.get(code) or _remedy(error, code, action, cloud)}")


def _remedy(error: Exception, code: str, action: str, cloud: Cloud) -> str:
    text, status = f"{error}", status_of(error)
    key = _KEY.search(text)
    remedies = {
        f"the key {key and key[1]!r} cannot be read by genwatch; rename it, or name a folder beside it": key,
        f"no credentials that {cloud.name} takes were found; {cloud.credentials}": "token request" in text
        or status == HTTPStatus.UNAUTHORIZED,
        f"access denied; grant {cloud.grants.get(action)} to these credentials": status == HTTPStatus.FORBIDDEN,
        f"{cloud.name} is throttling; it was asked several times, run again later or raise its limits": status in BUSY,
        f"{cloud.name} answered {status} {code}".rstrip(): status,
        f"what answers is not {cloud.name}; check {cloud.endpoint}": any(needle in text for needle in FOREIGN),
        f"{cloud.name} cannot be reached; check {cloud.endpoint} and the network": unanswered(error),
    }
    unknown = f"{text.splitlines()[0]}; check {cloud.endpoint}, or {cloud.credentials}"
    return next((remedy for remedy, fits in remedies.items() if fits), unknown)
