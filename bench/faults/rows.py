"""All rows, by explicit import."""

from bench.faults import (
    brokers,
    damage,
    disk,
    distant,
    fleet,
    line_kill,
    links,
    matchers,
    power_cut,
    shimmed,
    slow_card,
    store_kill,
    wrong_clock,
)
from bench.faults.row import Runner

ROWS: dict[str, Runner] = {
    **store_kill.ROWS,
    **line_kill.ROWS,
    **shimmed.ROWS,
    **power_cut.ROWS,
    **disk.ROWS,
    **slow_card.ROWS,
    **wrong_clock.ROWS,
    **damage.ROWS,
    **links.ROWS,
    **distant.ROWS,
    **brokers.ROWS,
    **matchers.ROWS,
    **fleet.ROWS,
}
