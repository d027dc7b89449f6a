"""Servers that the tests share: Prefect, S3, Azure; and the public data, where it is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from tests.servers.azurite import ACCOUNT, KEY, Azurite, azurite_program, serve_azurite
from tests.servers.s3 import ADMIN, S3Server, serve_s3

settings.register_profile("suite", deadline=None)  # a busy machine breaks no law
settings.load_profile("suite")
SHARED_DATA = Path(os.environ.get("GENWATCH_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole flows first, so that at the end no worker is left alone with a long file."""
    items.sort(key=lambda item: "flows" not in item.path.parts)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A Prefect server with a database of its own, without the heartbeat that costs a second a flow."""
    with (
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        prefect_test_harness(server_startup_timeout=90),
    ):
        yield


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server with the buckets `logs` and `results`."""
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The S3 server, with the admin's credentials where boto3 looks for them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ADMIN[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ADMIN[1])
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return s3_server


@pytest.fixture(scope="session")
def azurite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azure's real emulator with the container `logs`; tests that need it are skipped where there is no npm."""
    program = azurite_program()
    if program is None:
        pytest.skip("azurite is not installed; install node and npm, then run `make test`")
    with serve_azurite(program, tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def azurite(azurite_server: Azurite, monkeypatch: pytest.MonkeyPatch) -> Azurite:
    """The emulator, with the account's key where obstore looks for it."""
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", azurite_server.url)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    return azurite_server


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the public data sets; tests that need it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared data sets are not at {SHARED_DATA}; set GENWATCH_SHARED_DATA")
    return SHARED_DATA
