"""A bad line between two network namespaces: two TAP devices, and every frame through our hands.

    python bench/faults/relay.py NAMESPACE NEAR_ADDRESS FAR_ADDRESS WEATHER.json

Needs root and /dev/net/tun. The near device is in this process's namespace, the far one in
NAMESPACE; both vanish with this process. Each frame is dropped, copied or held back by itself, so
frames overtake each other. WEATHER.json is read anew when it changes. Says "ready" on standard
error. A frame is at most 1514 bytes; times in milliseconds, each direction.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_TUNSETIFF = 0x400454CA
_TAP, _NO_HEADER = 0x0002, 0x1000
_CLONE_NEWNET = 0x40000000
_FRAME = 2048
_LOOK_S = 0.1


@dataclass(frozen=True)
class Line:
    """How bad it is. loss, twice: shares of the frames."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    twice: float = 0.0


def main(namespace: str, near: str, far: str, weather: str) -> None:
    near_tap = _tap(f"gl{os.getpid() % 100_000}n")
    _address(f"gl{os.getpid() % 100_000}n", near)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    _enter(os.open(f"/run/netns/{namespace}", os.O_RDONLY))
    far_tap = _tap("gl0")
    _address("gl0", far)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    _enter(home)
    print('{"event": "ready"}', file=sys.stderr, flush=True)
    _relay({near_tap: far_tap, far_tap: near_tap}, Path(weather))


def _relay(other: dict[int, int], weather: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - weather, no secret
    held: list[tuple[float, int, int, bytes]] = []
    line, changed, look_at, number = Line(), 0, 0.0, 0
    while True:
        now = time.monotonic()
        if now >= look_at:
            look_at = now + _LOOK_S
            if weather.stat().st_mtime_ns != changed:
                changed = weather.stat().st_mtime_ns
                line = Line(**json.loads(weather.read_text()))
        while held and held[0][0] <= now:
            _, _, to, frame = heapq.heappop(held)
            os.write(to, frame)
        wait = min(look_at, held[0][0] if held else look_at) - now
        for ready in select.select([*other], [], [], max(0.0, wait))[0]:
            frame = os.read(ready, _FRAME)
            copies = 1 + (chance.random() < line.twice)
            for _ in range(copies):
                if chance.random() < line.loss:
                    continue
                number += 1
                held_ms = line.delay_ms + chance.uniform(-line.jitter_ms, line.jitter_ms)
                due = time.monotonic() + max(0.0, held_ms) / 1000
                heapq.heappush(held, (due, number, other[ready], frame))


def _tap(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR)
    request = struct.pack("16sH22x", name.encode(), _TAP | _NO_HEADER)
    fcntl.ioctl(handle, _TUNSETIFF, request)
    return handle


def _address(name: str, address: str) -> None:
    subprocess.run(["ip", "address", "add", address, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


if __name__ == "__main__":
    main(*sys.argv[1:])
