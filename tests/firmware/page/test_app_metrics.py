"""What Prometheus reads on the page's server: without a session, and on this machine alone."""

from pathlib import Path

import pytest

from tests.firmware.page.checkpoint import HEADERS, Desk
from tests.firmware.page.staffed import StaffedDesk
from tests.firmware.page.test_app import Client, security


@pytest.fixture(params=["nobody logs in", "nobody is logged in"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    return Client(Desk() if request.param == "nobody logs in" else StaffedDesk(tmp_path))


def test_the_numbers_are_there_without_a_session(client: Client) -> None:
    answer = client.get("/metrics")

    assert (answer.status_code, answer.content) == (200, b"greenline_resends_total 0.0\n")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert security(answer) == HEADERS


@pytest.mark.parametrize("host", ["evil.example", "kiosk", "10.0.0.1"])
def test_a_foreign_host_is_refused(client: Client, host: str) -> None:
    assert client.get("/metrics", headers={"Host": host}).status_code == 400


def test_nothing_can_be_posted_there(client: Client) -> None:
    assert client.post("/metrics", json={}).status_code == 405
