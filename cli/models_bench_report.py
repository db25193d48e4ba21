"""What came of `greenline bench models`, as Markdown for a person."""

from collections.abc import Iterator

from greenline.cli.models_bench_rates import DRAWINGS, Rates
from greenline.cli.models_bench_results import Accuracy, Difference, Report, Result
from greenline.cli.models_bench_times import HEIGHT, WIDTH
from greenline.cli.models_bench_views import SIDE

_TITLES = {
    "full": "Accuracy, whole pictures",
    "r503": f"Accuracy, as an R503 would send them ({SIDE}x{SIDE}, 16 grey levels)",
}


def to_markdown(report: Report) -> str:
    """Return the whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    before, after = report.load
    yield f"Measured on {report.machine}; load before and after {before:.1f} and {after:.1f}."
    yield (
        f"{report.genuine} genuine and {report.impostor} impostor pairs of {report.fingers} "
        f"fingers (pictures {report.pictures})."
    )
    yield from report.left_out
    for view in report.results[0].accuracy:
        yield f"\n### {_TITLES[view]}\n"
        yield from _pooled(report.results, view)
        yield "\nBy set: EER / FMR100 / FMR1000 / ZeroFMR / rank-1.\n"
        yield from _by_set(report.results, view)
    yield f"\n### Time and memory, {WIDTH}x{HEIGHT} pixels, one thread\n"
    yield from _times(report.results)
    yield "\nModels: " + ", ".join(dict.fromkeys(one.model_id for one in report.results)) + "."


def _pooled(results: list[Result], view: str) -> Iterator[str]:
    yield (
        f"Percent. In brackets: difference to LEADER's row (the first) in points, and its 95 % "
        f"interval over {DRAWINGS} drawings of fingers.\n"
    )
    yield from _head("extractor", "runtime", "EER", "FMR100", "FMR1000", "ZeroFMR", "rank-1")
    for number, one in enumerate(results):
        found = one.accuracy[view]
        rates = found.by_set["all"]
        eer, fmr1000 = _percent(rates.eer), _percent(rates.fmr1000)
        if number:
            eer, fmr1000 = f"{eer} {_points(found.eer)}", f"{fmr1000} {_points(found.fmr1000)}"
        others = (_percent(rates.fmr100), fmr1000, _percent(rates.zero_fmr))
        yield _row(one.label, one.runtime, eer, *others, _rank(found, "all"))


def _by_set(results: list[Result], view: str) -> Iterator[str]:
    sets = [name for name in results[0].accuracy[view].by_set if name != "all"]
    yield from _head("extractor", "runtime", *sets)
    for one in results:
        found = one.accuracy[view]
        cells = [f"{_all(found.by_set[name])} / {_rank(found, name)}" for name in sets]
        yield _row(one.label, one.runtime, *cells)


def _times(results: list[Result]) -> Iterator[str]:
    yield (
        "Memory: peak of a process of its own, less what it was with the libraries imported "
        f"and nothing open. {len(results[0].wall_ms)} pictures.\n"
    )
    titles = ("median ms", "p95 ms", "least processor ms", "of LEADER's median", "memory MiB")
    yield from _head("extractor", "runtime", *titles)
    for one in results:
        times = (one.median_ms, one.p95_ms, one.least_processor_ms)
        cells = [f"{time:.1f}" for time in times]
        yield _row(one.label, one.runtime, *cells, f"{one.of_leader:.3f}", f"{one.memory_mib:.0f}")


def _head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield "|" + "---|" * len(titles)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _all(rates: Rates) -> str:
    return " / ".join(map(_percent, (rates.eer, rates.fmr100, rates.fmr1000, rates.zero_fmr)))


def _rank(found: Accuracy, name: str) -> str:
    return f"{100 * found.rank_1[name]:.1f}" if name in found.rank_1 else "-"


def _points(difference: Difference) -> str:
    measured, low, high = (
        f"{100 * share:+.2f}" for share in (difference.measured, difference.low, difference.high)
    )
    return f"({measured}: {low} to {high})"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
