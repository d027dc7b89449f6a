"""The calibrate flow: labels of people read, kept, and held against the judge."""

from prefect import flow

from configs.monitor import MonitorConfig
from tasks.calibrate import calibrate as verb
from tasks.core.labels.calibration import Calibration


@flow(name="genwatch-calibrate", flow_run_name="{config.name}")
def calibrate(
    config: MonitorConfig, labels: str | None = None, within: float = 0.05, *, bridge: bool = False
) -> Calibration:
    """Read a file of labels, at a path or a location such as s3://bucket/labels.csv, and publish what labels say.

    `within` (0 to 1) is how near the corrected pass rate is wanted. With `bridge` the present judge judges again what
    was labelled when there was another.
    """
    return verb(config, labels, within, bridge=bridge)
