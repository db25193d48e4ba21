"""What the audit log costs: noting an event at a kiosk and at the centre, checking a whole log.

python bench/audit_log.py [--folder DIR]   (DIR: on the disk or card that is to be measured)
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from greenline.cli.clocks import moment
from greenline.firmware.audit import AuditLog
from greenline.firmware.audit_segments import segment_paths
from greenline.matcher.audit import AuditLog as CentreLog
from greenline.matcher.audit_database import open_audit
from greenline.protocol.audit import NOT_LOGGED_IN, Event, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import walked
from greenline.protocol.keys import SigningKey

EVENT = Event(Kind.COLLECT, NOT_LOGGED_IN, "border-check", pseudonym(b"r" * 16), {"finger": 2})
NOTED, WHOLE = 500, 16_000


def timed(what: str, note: Callable[[], None]) -> None:
    times = []
    for _ in range(NOTED):
        started = time.perf_counter()
        note()
        times.append((time.perf_counter() - started) * 1000)
    percentiles = statistics.quantiles(times, n=100)
    print(f"{what}: median {percentiles[49]:.2f} ms, 99 % {percentiles[98]:.2f} ms")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, default=None)
    key = SigningKey.generate()
    with tempfile.TemporaryDirectory(dir=options.parse_args().folder) as name:
        folder = Path(name)
        log = AuditLog(folder / "audit", "kiosk-01", key, [b"k" * 32], moment)
        timed("an event at a kiosk", lambda: log.note(EVENT))
        with contextlib.closing(open_audit(folder / "audit.db")) as database:
            centre = CentreLog(database, "matcher-01", key, moment)
            timed("an event at the centre", lambda: centre.note(EVENT))
        for _ in range(WHOLE - NOTED):
            log.note(EVENT)
        log.close()
        segments = {
            path.name: path.read_bytes() for path in segment_paths(folder / "audit").values()
        }
        started = time.perf_counter()
        walk = walked(segments, [key.public])
        elapsed_s = time.perf_counter() - started
        size = sum(map(len, segments.values()))
        if walk.fault is not None:
            raise SystemExit(f"the log is not whole: {walk.fault}")
        print(f"checked {walk.entries} entries, {size} bytes, in {elapsed_s:.2f} s")


if __name__ == "__main__":
    main()
