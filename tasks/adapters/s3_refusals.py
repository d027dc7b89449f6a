"""What S3 refuses, and what keeps it from answering, in one clear sentence: what, where, and what to do."""

import re
from http import HTTPStatus
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  botocore's own, the root of all that keeps it from a server
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
    SSOError,
)
from botocore.parsers import ResponseParserError

from tasks.core.errors import StorageError, UnreadableObjectError

EXPIRED: Final = "the credentials have expired; renew them"
REGION: Final = "the bucket lies in another region; set AWS_REGION to it"
BUSY: Final = "the S3 server is throttling; it was asked several times, run again later or raise its limits"
REMEDIES: Final = {
    "NoSuchBucket": "there is no such bucket; correct the name or create it",
    "InvalidBucketName": "this is no name of a bucket; correct it",
    "InvalidAccessKeyId": "the access key is unknown; correct AWS_ACCESS_KEY_ID or the profile",
    "SignatureDoesNotMatch": "the secret key does not fit the access key; correct AWS_SECRET_ACCESS_KEY",
    "InvalidToken": "the session token does not fit the access key; correct AWS_SESSION_TOKEN",
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "TokenRefreshRequired": EXPIRED,
    "RequestExpired": EXPIRED,
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it, best by NTP",
    "PermanentRedirect": REGION,
    "AuthorizationHeaderMalformed": REGION,
    "IllegalLocationConstraintException": REGION,
    "KeyTooLongError": "S3 takes no key over 1,024 bytes; shorten it",
    "NotImplemented": "the S3 server does not know this request, mostly `If-None-Match`; use a newer one",
    "SlowDown": BUSY,
    "429": BUSY,
}
SILENCES: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        "no AWS credentials found; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or attach a role",
    ),
    (
        (CredentialRetrievalError, SSOError),
        "no AWS credentials came ({line}); renew them, as with `aws sso login`",
    ),
    ((ProfileNotFound, NoRegionError), "{line}; correct AWS_PROFILE or AWS_REGION"),
    ((ResponseParserError,), "what answers is no S3 server; check AWS_ENDPOINT_URL_S3"),
    ((SSLError,), "the S3 server's certificate is not trusted; check AWS_ENDPOINT_URL_S3 and AWS_CA_BUNDLE"),
    ((ConnectionError,), "the S3 server cannot be reached; check AWS_ENDPOINT_URL_S3 and the network"),
    ((HTTPClientError,), "the S3 server gave no whole answer, asked several times; run again later"),
)
DENIED: Final = {"AccessDenied", "AllAccessDisabled", "403"}
_ACTION: Final = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


def refusal(error: ClientError, where: str, permission: str) -> Exception:
    """The error to raise instead: a StorageError, or one that says how it stands with this one object."""
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "NoSuchKey":
        return FileNotFoundError(f"{where}: there is no such object")
    if code in {"PreconditionFailed", "ConditionalRequestConflict"}:
        if permission == "s3:PutObject":
            return FileExistsError(where)
        return FileNotFoundError(f"{where} was overwritten since it was listed")
    if code == "InvalidObjectState":
        return UnreadableObjectError(f"{where} lies in an archive tier; restore it")
    if code in DENIED:
        return StorageError(f"{where}: access denied; grant {_permission(error, permission)} to these credentials")
    return StorageError(f"{where}: {REMEDIES.get(code) or _unknown(status, code)}")


def silence(error: BotoCoreError | ResponseParserError, where: str) -> StorageError:
    """The error to raise where no answer came, or none of an S3 server."""
    return StorageError(f"{where}: {_remedy(error)}")


def _unknown(status: int, code: str) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return BUSY
    if code.isdigit():  # boto3's stand-in for a code that the answer has not
        return f"the S3 server answered {status} and no more; run again later, or check AWS_ENDPOINT_URL_S3"
    return f"the S3 server answered {status} {code}"


def _permission(error: ClientError, asked: str) -> str:
    """The permission that S3 says is missing, such as `kms:Decrypt`, else the one that the request needs."""
    found = _ACTION.search(error.response["Error"].get("Message", ""))
    name = found[1] if found else asked
    if name == "s3:GetObject":  # without the right to list, S3 does not say whether there is an object
        return "s3:GetObject, and s3:ListBucket on the bucket,"
    return name


def _remedy(error: BotoCoreError | ResponseParserError) -> str:
    remedy = next((remedy for kinds, remedy in SILENCES if isinstance(error, kinds)), "{line}")
    return remedy.format(line=" ".join(f"{error}".split()))
