"""What is put under test: our store as the kiosk opens it, and two queues from PyPI beside it."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from bench.faults.row import UnavailableError
from bench.faults.script import Act, Held, Parcel, Step, signer
from greenline.firmware.clock import Clock
from greenline.firmware.clock_file import ClockFile, clock_beside
from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.store import Pending, Store
from greenline.firmware.store_proofs import proofs_of
from greenline.firmware.vault import Vault, keys_beside
from greenline.protocol.audit import Moment

DEVICE = SecretDeviceKey(bytes(range(32)))
RELEASED_MS = 1_700_000_000_000
STORE = "kiosk.store"
_MOST = 1_000_000


class Subject(Protocol):
    """An open queue. keeps_answers: or else it is only told to keep captures."""

    @property
    def keeps_answers(self) -> bool: ...

    def put(self, parcel: Parcel) -> None:
        """Promise to keep a capture."""

    def answer(self, request_id: bytes, body: bytes) -> None:
        """Take its answer and let it go."""

    def later(self, milliseconds: int) -> None:
        """Let time pass."""

    def held(self) -> Held:
        """Return all that is there."""

    def close(self) -> None:
        """Close it in good order."""


Opening = Callable[[Path], Subject]


class Ours:
    """Store, case keys and clock in a folder. The clock stands still but for later()."""

    keeps_answers = True

    def __init__(self, folder: Path) -> None:
        self._passed_ms = 0
        path = folder / STORE
        file = ClockFile(clock_beside(path), DEVICE)
        self.clock = Clock(self._reading, file.read(), file.write, RELEASED_MS)
        vault = Vault(keys_beside(path), DEVICE, "border-check")
        try:
            proofs = proofs_of(signer().public)
            self.store = Store(path, vault, self.clock.instant, proofs=proofs)
        except BaseException:
            vault.close()
            raise

    def _reading(self) -> Moment:
        return Moment(
            RELEASED_MS + self._passed_ms,
            trusted=True,
            boot=bytes(16),
            monotonic_ms=self._passed_ms,
        )

    def put(self, parcel: Parcel) -> None:
        pending = Pending(parcel.request_id, parcel.lane, parcel.created_ms, parcel.expires_ms)
        self.store.add_request(pending, parcel.envelope)

    def answer(self, request_id: bytes, body: bytes) -> None:
        now_ms = self.clock.now_ms()
        self.store.add_answer(
            request_id, body, final=True, arrived_ms=now_ms, expires_ms=now_ms + 86_400_000
        )

    def later(self, milliseconds: int) -> None:
        self._passed_ms += milliseconds
        self.store.expire()
        self.clock.tend()

    def held(self) -> Held:
        waiting = {
            each.request_id: self.store.envelope(each.request_id) or b""
            for each in self.store.pending()
        }
        return Held(waiting, {each.request_id: each.body for each in self.store.answers(_MOST)})

    def close(self) -> None:
        self.store.close()


class _Peer:
    """A queue beside ours. It is only told to keep: none lets one go by name with its answer."""

    keeps_answers = False

    def answer(self, _request_id: bytes, _body: bytes) -> None:
        raise NotImplementedError

    def later(self, _milliseconds: int) -> None:
        raise NotImplementedError


class PersistQueue(_Peer):
    """persist-queue's SQLiteAckQueue, as its documentation uses it."""

    def __init__(self, folder: Path) -> None:
        self._queue = _imported("persistqueue").SQLiteAckQueue(str(folder / "queue"))

    def put(self, parcel: Parcel) -> None:
        self._queue.put((parcel.request_id, parcel.envelope))

    def held(self) -> Held:
        return Held(dict(_emptied(self._queue)))

    def close(self) -> None:
        self._queue.close()


class PersistFile(_Peer):
    """persist-queue's Queue, which keeps files."""

    def __init__(self, folder: Path) -> None:
        (folder / "temporary").mkdir(exist_ok=True)
        queue = _imported("persistqueue").Queue
        self._queue = queue(str(folder / "queue"), tempdir=str(folder / "temporary"))

    def put(self, parcel: Parcel) -> None:
        self._queue.put((parcel.request_id, parcel.envelope))

    def held(self) -> Held:
        return Held(dict(_emptied(self._queue)))

    def close(self) -> None:
        """It has nothing to close."""


class LiteQueue(_Peer):
    """litequeue, as its documentation uses it; its messages are text."""

    def __init__(self, folder: Path) -> None:
        self._queue = _imported("litequeue").LiteQueue(str(folder / "queue.db"))

    def put(self, parcel: Parcel) -> None:
        self._queue.put((parcel.request_id + parcel.envelope).hex())

    def held(self) -> Held:
        held = Held()
        while (message := self._queue.pop()) is not None:
            data = bytes.fromhex(message.data)
            held.waiting[data[:16]] = data[16:]
        return held

    def close(self) -> None:
        self._queue.close()


def _emptied(queue: Any) -> list[Any]:
    taken = []
    with suppress(_imported("persistqueue").Empty):
        while True:
            taken.append(queue.get(block=False))
    return taken


PEERS: dict[str, Opening] = {
    "persist-queue-file": PersistFile,
    "persist-queue-sqlite": PersistQueue,
    "litequeue": LiteQueue,
}


def do(subject: Subject, step: Step, open_again: Callable[[], Subject]) -> Subject:
    """Do a step; return the subject, which is another after REOPEN."""
    if step.parcel is not None:
        subject.put(step.parcel)
    elif step.act is Act.ANSWER:
        subject.answer(step.request_id, step.body)
    elif step.act is Act.LATER:
        subject.later(step.later_ms)
    elif step.act is Act.REOPEN:
        subject.close()
        return open_again()
    return subject


def _imported(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as fault:
        raise UnavailableError(f"{name} is not installed: make setup-dev") from fault
