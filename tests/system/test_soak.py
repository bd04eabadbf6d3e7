"""A part of the soak: twenty kills a day under live load, every failure point within a week."""

from __future__ import annotations

import os
import random
import time

import pytest

from .conftest import Bench
from .failing import points_alone
from .kafka import Kafka
from .soak import Campaign, some_targets

KILLS, DAYS = 20, 7
SEED = int(os.environ.get("HEATSTREAM_SOAK_SEED", int(time.time() // 86400)))


def points_of_the_day(day: int) -> list[str]:
    return random.Random(0).sample(points_alone(), len(points_alone()))[day % DAYS :: DAYS]


def test_a_week_has_every_point() -> None:
    assert sorted(p for day in range(DAYS) for p in points_of_the_day(day)) == sorted(
        points_alone()
    )


@pytest.mark.kafka
def test_kills_at_the_points_of_the_day_leave_the_bits_of_runs_that_were_never_killed(
    bench: Bench, kafka: Kafka
) -> None:
    points = points_of_the_day(SEED)
    assert len(points) <= KILLS
    campaign = Campaign(bench, kafka, SEED)
    campaign.kill(some_targets(points, KILLS, SEED))
    print(campaign.table())
    assert campaign.met().total() >= KILLS
