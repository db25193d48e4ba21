"""What a checkpoint of the campaign is to be like."""

from dataclasses import dataclass, field

from bench.faults.post import Post, Resending


@dataclass(frozen=True)
class Pace:
    """How patient the links are. Shorter than in the field, so that hundreds of runs end."""

    keepalive_s: int = 2
    connect_timeout_s: float = 3.0
    backoff_first_s: float = 0.05
    backoff_longest_s: float = 0.4


PACE = Pace()


@dataclass(frozen=True)
class Plan:
    """What of a site there is. start: its processes; "second" is another broker.

    host: where the ports listen. uplinks: what runs the command that follows, such as in another
    network namespace. extra: more of the brokers' configuration. entries: of the gallery. threads:
    of a search; None: one for each core. direct: past the ports, for measurements of time.
    kiosk: another one, such as one that is wrong on purpose.
    """

    pace: Pace = PACE
    start: tuple[str, ...] = ("broker", "matcher", "uplinks")
    host: str = "127.0.0.1"
    uplinks: tuple[str, ...] = ()
    extra: str = ""
    entries: int = 20
    resending: Resending = field(default_factory=Resending)
    threads: int | None = 1
    direct: bool = False
    kiosk: type[Post] = Post


WHOLE = Plan()
