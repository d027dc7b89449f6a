"""The workspace that the commands and the code of the documentation are run in."""

from collections.abc import Iterator

import pytest

from tests.docs.workspace import Workspace, prepared


@pytest.fixture(scope="session")
def template(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Published windows of two monitors; tests that change them take a copy."""
    with prepared(tmp_path_factory.mktemp("docs")) as workspace:
        yield workspace
