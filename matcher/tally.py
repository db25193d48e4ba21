"""What the service has counted since its start, for its log line of every minute."""

import threading
from collections import Counter


class Tally:
    """Counts by name. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {
            "requests": Counter(),
            "answers": Counter(),
            "refused": Counter(),
        }

    def request(self, what: str) -> None:
        """Count what became of a request that arrived."""
        self._add("requests", what)

    def answer(self, outcome: str) -> None:
        """Count a search's outcome."""
        self._add("answers", outcome)

    def refuse(self, reason: str) -> None:
        """Count a refusal."""
        self._add("refused", reason)

    def refused(self) -> Counter[str]:
        """Return the refusals by reason."""
        with self._lock:
            return self._counts["refused"].copy()

    def words(self) -> dict[str, str]:
        """Return all counts as text, such as {"answers": "candidates 2, none 31", ...}."""
        with self._lock:
            return {
                kind: ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
                for kind, counts in self._counts.items()
            }

    def _add(self, kind: str, name: str) -> None:
        with self._lock:
            self._counts[kind][name] += 1
