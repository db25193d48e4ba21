"""The numbers of a process without a page of its own, as Prometheus reads them."""

import socket
import urllib.error
import urllib.request

import pytest

from greenline.cli.errors import CommandError
from greenline.cli.metrics_serving import metrics_served

TEXT = b"greenline_link_up 1.0\n"


def read(port: int, path: str = "metrics", host: str = "") -> tuple[int, bytes]:
    headers = {"Host": host} if host else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  # http
            assert answer.headers["content-type"].startswith("text/plain")
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, b""


def test_the_numbers_are_there_and_nothing_else() -> None:
    with metrics_served(0, lambda: TEXT) as port:
        assert read(port) == (200, TEXT)
        assert read(port, "")[0] == 404


def test_a_foreign_name_for_this_machine_is_refused() -> None:
    with metrics_served(0, lambda: TEXT) as port:
        assert read(port, host="evil.example")[0] == 400


def test_it_listens_on_the_loopback_interface_alone_and_no_more_in_the_end() -> None:
    with metrics_served(0, lambda: TEXT) as port:
        with pytest.raises(CommandError, match=f"port {port} cannot be used"):
            metrics_served(port, lambda: TEXT).__enter__()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=5)

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)
