import pytest
from pydantic import TypeAdapter, ValidationError

from configs.values import DatedLocation, Location

LOCATION: TypeAdapter[str] = TypeAdapter(Location)
DATED: TypeAdapter[str] = TypeAdapter(DatedLocation)


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket",
        "s3://bucket/a b/100%25/x#1/q?y=2",
        "az://container/folder",
        "gs://bucket/folder",
        "abfs://container/folder",
        "abfss://container@account.dfs.core.windows.net/folder",
        "file:///folder/a%20b",
    ],
)
def test_a_location_is_taken_as_it_is_but_for_slashes_at_its_end(url: str) -> None:
    assert LOCATION.validate_python(url) == url
    assert LOCATION.validate_python(f"{url}/") == url


@pytest.mark.parametrize("scheme", ["s3", "az", "gs"])
def test_every_cloud_takes_dates(scheme: str) -> None:
    url = f"{scheme}://bucket/logs/{{yyyy}}/{{MM}}/{{dd}}"
    assert DATED.validate_python(url) == url


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("logs/bot", "a location is s3://bucket/folder or file:///folder"),
        ("s3:///folder", "a location is s3://bucket/folder"),
        ("az://", "a location is s3://bucket/folder"),
        ("file://host/folder", "a location is s3://bucket/folder"),
        ("file:///", "a location is s3://bucket/folder"),
        ("file:///hash#1", "write %23 for # and %3F for ?"),
        ("s3a://bucket/folder", "write s3:// instead of s3a://"),
        ("gcs://bucket/folder", "write gs:// instead of gcs://"),
        ("wasbs://container@account.blob.core.windows.net/x", "write az://container/folder"),
        ("https://account.blob.core.windows.net/container/x", "for an Azure container write az://container/folder"),
        ("azureml://datastores/logs/paths/x", "name the datastore's container: write az://container/folder"),
        ("s3://user:password@bucket/x", "without user, password or port"),
        ("az://container/x?sv=2021&sig=made-up", "set AZURE_STORAGE_SAS_KEY"),
    ],
)
def test_a_location_that_cannot_be_read_says_what_to_write(url: str, remedy: str) -> None:
    with pytest.raises(ValidationError) as raised:
        LOCATION.validate_python(url)
    assert remedy in f"{raised.value}"
