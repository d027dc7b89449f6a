"""Runs of the monitor flow at moments of the test's choice, as a schedule has them."""

from datetime import datetime
from typing import Any

from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow
from prefect.states import Scheduled

from configs.monitor import MonitorConfig
from flows.monitor import monitor, published_of
from tasks.core.run import Published
from tasks.publish import newest_revisions


def scheduled(config: MonitorConfig, moment: datetime) -> list[Published]:
    """Run what is due at a moment; returns what was published."""
    with get_client(sync_client=True) as client:
        planned = client.create_flow_run(monitor, parameters={"config": config}, state=Scheduled(scheduled_time=moment))
    before = newest_revisions(config)
    state: Any = run_flow(monitor, planned, {"config": config}, return_type="state")
    assert state.is_completed(), state.message
    return published_of(config, state, before)
