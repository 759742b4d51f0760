"""What the catalogue says, and how counters become histograms."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.telemetry import HandlerTimes
from perpbot.metrics.catalogue import METRICS, Kind, Metric
from perpbot.metrics.reference import markdown
from perpbot.metrics.rendering import buckets, families

ROOT = Path(__file__).parents[2]


def test_the_page_of_all_metrics_is_what_the_catalogue_says() -> None:
    assert (ROOT / "docs/metrics.md").read_text(encoding="utf-8") == markdown()


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda each: each.name)
def test_a_metric_is_named_by_the_rules_of_prometheus(metric: Metric) -> None:
    assert re.fullmatch(r"perpbot_[a-z]+(_[a-z]+)*", metric.full_name)
    assert not re.search(r"_(ms|us|ns|pct|percent|minutes)(_|$)", metric.full_name)
    assert metric.full_name.endswith("_total") is (metric.kind is Kind.COUNTER)
    assert not {"trade", "order", "price", "id"} & set(metric.labels)
    assert metric.meaning.endswith(".")


@given(st.lists(st.integers(0, 2**40)))
def test_each_bucket_counts_what_stayed_below_its_bound(times_ns: list[int]) -> None:
    times = HandlerTimes()
    for each in times_ns:
        times.add(each)
    for bound, count in buckets(times.cells):
        limit_ns = 1e9 * float(bound)
        # the bound as it is written has six digits
        assert count >= sum(each < limit_ns * 0.99999 for each in times_ns)
        assert count <= sum(each < limit_ns * 1.00001 for each in times_ns)


def test_a_sample_of_no_metric_in_the_catalogue_is_a_mistake_and_not_served() -> None:
    with pytest.raises(KeyError, match="no_such_metric"):
        list(families([("no_such_metric", (), 1)]))
