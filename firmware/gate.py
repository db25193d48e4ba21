"""The gate: the kiosk's side of the socket to the uplink, on one thread of its own.

It offers what the dispatcher names and hands what arrives to the inbox; it confirms a delivery only
after the inbox has returned, that is after the store has committed it. One uplink at a time: a new
one takes the place of the old, so a hung uplink can simply be replaced.
"""

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from greenline.firmware import pipe
from greenline.firmware.board import NO_UPLINK
from greenline.firmware.dispatch import Dispatcher, Standing
from greenline.firmware.errors import PipeError, StoreError
from greenline.firmware.gate_sides import GateListener, Source
from greenline.firmware.gate_socket import listen
from greenline.firmware.store_rows import Pending

log = logging.getLogger(__name__)

_CHUNK = 65536
_SEND_TIMEOUT_S = 10.0
_HOUSEKEEPING_S = 5.0


class Gate:
    """The listening socket, the uplink that is connected to it, and the offers between them.

    now_ms: Unix milliseconds. clock: monotonic seconds. patience_s: how long an offer may stay
    unconfirmed before the uplink counts as hung.
    """

    def __init__(
        self,
        path: Path,
        source: Source,
        listener: GateListener,
        dispatcher: Dispatcher,
        now_ms: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = 45.0,
    ) -> None:
        self._path = path
        self._source = source
        self._listener = listener
        self._dispatcher = dispatcher
        self._now_ms = now_ms
        self._clock = clock
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._added: list[Pending] = []
        self._uplink: socket.socket | None = None
        self._decoder = pipe.Decoder()
        self._stopping = False
        self._server = listen(path)
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.settimeout(0)
        self._selector.register(self._server, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._drain_wake)
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)

    def start(self) -> None:
        """Take what the store still holds into the order, and begin."""
        self._dispatcher.add(self._source.pending())
        self._thread.start()

    def stop(self) -> None:
        """End the thread and remove the socket."""
        self._stopping = True
        self._wake_writer.send(b"x")
        self._thread.join(timeout=_SEND_TIMEOUT_S + _HOUSEKEEPING_S)
        # Not by the thread: it may see _stopping, and end, before it is woken above.
        self._wake_reader.close()
        self._wake_writer.close()
        self._path.unlink(missing_ok=True)

    def offer(self, request: Pending) -> None:
        """Take a request that the store has just committed into the order. Any thread."""
        with self._lock:
            self._added.append(request)
        self._wake_writer.send(b"x")

    def forget(self, request_id: bytes) -> None:
        """Offer something no more: it was deleted, or has been answered. Any thread."""
        with self._lock:
            self._dispatcher.remove(request_id)

    def received(self, request_id: bytes) -> bool:
        """Note that the matcher has a request; False: none that waits. The gate's thread."""
        with self._lock:
            return self._dispatcher.received(request_id)

    def retry(self, request_ids: Iterable[bytes] | None = None) -> int:
        """Have requests (None: all) offered at once; return of how many. Any thread."""
        with self._lock:
            count = self._dispatcher.retry(request_ids)
        self._wake_writer.send(b"x")
        return count

    def standing(self) -> tuple[Standing, ...]:
        """Return where each request that waits stands. Any thread."""
        with self._lock:
            return self._dispatcher.snapshot()

    def resends(self) -> int:
        """Return how many offers were not the first of their request. Any thread."""
        with self._lock:
            return self._dispatcher.resends

    def _run(self) -> None:
        next_housekeeping = self._clock()
        while not self._stopping:
            if self._clock() >= next_housekeeping:
                self._expire()
                next_housekeeping = self._clock() + _HOUSEKEEPING_S
            self._offer_what_is_due()
            self._give_up_hung_uplink()
            due = self._dispatcher.wait_s()
            wait = _HOUSEKEEPING_S if due is None else min(due, _HOUSEKEEPING_S)
            for key, _ in self._selector.select(wait):
                key.data()
        self._drop("the kiosk is stopping")
        self._server.close()
        self._selector.close()

    def _accept(self) -> None:
        connection, _ = self._server.accept()
        connection.settimeout(_SEND_TIMEOUT_S)
        self._drop("another uplink took over")
        self._uplink = connection
        self._listener.uplink_changed(missing="")
        self._decoder = pipe.Decoder()
        self._selector.register(connection, selectors.EVENT_READ, self._receive)

    def _drain_wake(self) -> None:
        self._wake_reader.recv(_CHUNK)
        with self._lock:
            added, self._added = self._added, []
            self._dispatcher.add(added, fresh=True)

    def _receive(self) -> None:
        if self._uplink is None:
            return
        try:
            data = self._uplink.recv(_CHUNK)
            if not data:
                self._drop(NO_UPLINK)
                return
            self._take(self._decoder.feed(data))
        except (OSError, PipeError, StoreError) as fault:
            # Unconfirmed deliveries come again from the broker with the next connection.
            log.warning("uplink dropped", extra={"reason": str(fault)})
            self._drop(str(fault))

    def _take(self, messages: Iterable[pipe.Message]) -> None:
        """Take what came together: deliveries as one commit. Raises PipeError, StoreError."""
        arrived: list[pipe.Arrived] = []
        for message in messages:
            if isinstance(message, pipe.Arrived):
                arrived.append(message)
            else:
                self._handle(message)
        self._commit(arrived)

    def _handle(self, message: pipe.Message) -> None:
        match message:
            case pipe.Hello(version):
                if version != pipe.VERSION:
                    raise PipeError(f"the uplink speaks version {version}, not {pipe.VERSION}")
            case pipe.LinkUp(window):
                with self._lock:
                    self._dispatcher.link_up(window)
                self._listener.link_changed(up=True, detail="")
            case pipe.LinkDown(reason):
                with self._lock:
                    self._dispatcher.link_down()
                self._listener.link_changed(up=False, detail=reason)
            case pipe.Published(request_id, refusal):
                self._confirm(request_id, refusal)
            case _:
                raise PipeError("the uplink sent what only a kiosk may send")

    def _confirm(self, request_id: bytes, refusal: str) -> None:
        with self._lock:
            self._dispatcher.confirmed(request_id, taken=not refusal, refusal=refusal)
        if refusal:
            log.warning("broker refused", extra={"request": request_id.hex(), "reason": refusal})
            self._listener.link_changed(up=True, detail=f"not delivered: {refusal}")
        else:
            self._listener.published(request_id)

    def _commit(self, arrived: Sequence[pipe.Arrived]) -> None:
        """Have what came together committed by one flush, then say so."""
        if not arrived:
            return
        for left in self._listener.arrived([each.envelope for each in arrived]):
            if left is not None:
                with self._lock:
                    self._dispatcher.remove(left)
        for each in arrived:
            self._send(pipe.Committed(each.delivery))

    def _expire(self) -> None:
        try:
            expired = self._listener.housekeeping()
        except StoreError as fault:
            log.warning("housekeeping failed", extra={"reason": str(fault)})
            return
        with self._lock:
            for request in expired:
                self._dispatcher.remove(request.request_id)

    def _offer_what_is_due(self) -> None:
        try:
            self._send_offers()
        except StoreError as fault:
            log.warning("store failed", extra={"reason": str(fault)})
            self._drop(str(fault))

    def _give_up_hung_uplink(self) -> None:
        """Hang up on an uplink that takes offers and says nothing: another may take its place."""
        oldest = self._dispatcher.oldest_unconfirmed_s()
        if self._uplink is not None and oldest > self._patience_s:
            log.warning("uplink hung", extra={"silent_s": round(oldest)})
            self._drop("the uplink process does not answer")

    def _send_offers(self) -> None:
        while self._uplink is not None:
            with self._lock:
                request = self._dispatcher.next_offer()
            if request is None:
                return
            envelope = self._source.envelope(request.request_id)
            if envelope is None:
                with self._lock:
                    self._dispatcher.remove(request.request_id)
                continue
            self._send(pipe.Offer(request.request_id, self._left_s(request), envelope))
            self._listener.offered(request.request_id)

    def _left_s(self, request: Pending) -> int:
        """Return how long a broker may keep a request; a wrong clock never makes it longer."""
        lifetime_ms = request.expires_ms - request.created_ms
        left_ms = min(request.expires_ms - self._now_ms(), lifetime_ms)
        return max(1, left_ms // 1000)

    def _send(self, message: pipe.FromKiosk) -> None:
        if self._uplink is None:
            return
        try:
            self._uplink.sendall(pipe.encode(message))
        except OSError as fault:
            log.warning("uplink dropped", extra={"reason": str(fault)})
            self._drop(NO_UPLINK)

    def _drop(self, reason: str) -> None:
        if self._uplink is None:
            return
        self._selector.unregister(self._uplink)
        self._uplink.close()
        self._uplink = None
        with self._lock:
            self._dispatcher.link_down()
        self._listener.uplink_changed(missing=reason)
        self._listener.link_changed(up=False, detail=reason)
