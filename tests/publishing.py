"""A window run from its logs to its results in the store, without Prefect."""

import asyncio

from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.results import read_table
from tasks.assess import assess_window
from tasks.collect import collect_window
from tasks.core.run import Job, Outcome
from tasks.core.window import Window
from tasks.publish import commit, manifest_of, write_results
from tasks.score import score_window
from tests.builders import QUIET, WINDOW, job, store_of


def publish_window(config: MonitorConfig, window: Window = WINDOW, revision: int = 0, *, is_newest: bool = True) -> Job:
    """Collect, judge, assess and publish one window; returns what it was run for."""
    asked, store = job(window, revision, is_newest=is_newest), store_of(config)
    collected = collect_window(config, asked, store)
    interactions = read_table(store, collected.interactions)
    evaluator, joined = open_evaluator(config), collected.counts.joined
    scored = asyncio.run(score_window(config, window, interactions, store, evaluator, QUIET, joined=joined))
    assessed = assess_window(config, asked, collected, scored, store)
    outcome = Outcome(collected=collected, scored=scored, assessed=assessed)
    manifest = manifest_of(config, asked, outcome)
    write_results(config, asked, manifest, outcome, store)
    commit(store, manifest)
    return asked
