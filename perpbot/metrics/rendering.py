"""All metrics as text, in Prometheus' exposition format."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import gevent
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from actors.runtime import ActorDeadError, AskTimeoutError, MailboxFullError
from actors.runtime.telemetry import SUM
from actors.state import ReadState
from perpbot.clock import NS_PER_SECOND
from perpbot.metrics.catalogue import METRICS, Kind, Metric
from perpbot.metrics.samples import Sample, blocked_samples, process_samples, state_samples
from perpbot.program import Program
from supervisors import addresses

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""What the text is, for the header of an answer over HTTP."""
MAX_AGE_S = 1.0
PATIENCE_S = 2.0
BITS = range(14, 35, 2)
"""Bounds of histograms, as powers of two of a nanosecond: from 16 us to 17 s, each four times the one before."""

Family = GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily


def render(program: Program) -> bytes:
    """All metrics of `program` at this moment. Waits for its actors, and lets them go on between two metrics.

    Where the state view does not answer, its metrics are left out and ``perpbot_state_missing`` says so.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics(program))
    ProcessCollector(namespace="", registry=registry)
    return generate_latest(registry)


class _Metrics(Collector):
    def __init__(self, program: Program) -> None:
        self._program = program

    def describe(self) -> Iterable[Family]:
        """Nothing: there is nobody else in the registry whose names could clash."""
        return ()

    def collect(self) -> Iterator[Family]:
        """Each metric that has samples now."""
        for family in families(samples(self._program)):
            yield family
            gevent.sleep(0)  # the text of one metric takes a fraction of a millisecond, that of all several


def samples(program: Program) -> Iterator[Sample]:
    """All samples of `program` at this moment."""
    yield from process_samples(program)
    yield from blocked_samples(program.system)
    try:
        state = program.system.ref(addresses.STATE).ask(ReadState(MAX_AGE_S), PATIENCE_S)
    except (ActorDeadError, AskTimeoutError, MailboxFullError):
        yield "state_missing", (), 1
        return
    yield from state_samples(program, state)


def families(every: Iterable[Sample]) -> Iterator[Family]:
    """The samples by metric, in the order of the catalogue; `KeyError` for one that is not in it."""
    by_name: dict[str, list[Sample]] = {name: [] for name in METRICS}
    for sample in every:
        by_name[sample[0]].append(sample)
    for name, found in by_name.items():
        if found:
            yield _family(METRICS[name], found)


def _family(metric: Metric, found: Sequence[Sample]) -> Family:
    name = metric.full_name
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, metric.meaning, labels=metric.labels)
        for _, labels, cells in found:
            histogram.add_metric(labels, buckets(cells), cells[SUM] / NS_PER_SECOND)
        return histogram
    family = (CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily)(
        name, metric.meaning, labels=metric.labels
    )
    for _, labels, value in found:
        family.add_metric(labels, value)
    return family


def buckets(cells: Sequence[int]) -> list[tuple[str, float]]:
    """The counters of `HandlerTimes` as Prometheus wants them: how many stayed below each bound, in seconds."""
    below = list(accumulate(cells[:SUM]))
    bounds: list[tuple[str, float]] = [(f"{(1 << bits) / NS_PER_SECOND:.6g}", below[bits]) for bits in BITS]
    return [*bounds, ("+Inf", below[-1])]
