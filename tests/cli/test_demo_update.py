"""`greenline demo-update`: an update over a link that breaks, and one that is undone."""

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from greenline.cli.demo_folder import claimed
from greenline.cli.demo_link import broken_link
from greenline.cli.demo_releases import HARDWARE, Releases
from greenline.ota.errors import LostError
from greenline.ota.https import HttpsSource, LinkTerms
from tests.cli.conftest import SET
from tests.cli.processes import kill_started_for, started_for

needs_squashfs = pytest.mark.skipif(
    shutil.which("mksquashfs") is None, reason="mksquashfs is missing: apt install squashfs-tools"
)


@needs_squashfs
def test_a_good_release_comes_and_a_bad_one_goes(prints: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "greenline.cli", "demo-update", "--once", "--folder", str(folder),
         "--prints", str(prints / SET)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    kill_started_for(tmp_path)

    assert done.returncode == 0, done.stderr
    said = done.stdout
    told = [
        "Release 1 runs", "Release 2 is fetched", "Restarted into release 2, on trial.",
        "Release 2 was well for 3 s and is confirmed.", "Release 3 is fetched",
        "The kiosk's page says: The update to release 3 was undone: the fingerprint sensor did",
        "not answer under the new release [trial-failed-sensor]",
        "Release 2 runs again, and checks a finger: Possible match - must be verified.",
        "no update begins: a traveller is being checked.",
    ]  # fmt: skip
    assert [said.find(line) for line in told] == sorted(said.find(line) for line in told)
    assert said.find(told[0]) >= 0
    assert started_for(tmp_path) == set()
    with claimed(folder) as own:
        left = [path for path in own.rglob("*") if path.is_file() or path.is_symlink()]
        assert [path.name for path in left] == [".greenline-demo"]


def test_a_link_breaks_and_what_is_left_is_asked_for(tmp_path: Path) -> None:
    data = bytes(range(256)) * 100
    (tmp_path / "chunks").mkdir()
    (tmp_path / "chunks/one").write_bytes(data)
    with broken_link(tmp_path, 10_000) as link:
        source = HttpsSource(link.url, LinkTerms(pauses_s=(0,)), lambda: 0.0, lambda _: None)
        assert source.read("chunks/one", len(data)) == data
        source.close()
        assert link.breaks == 2


def test_a_link_that_lets_nothing_through_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"all of it")
    with broken_link(tmp_path, 0) as link:
        source = HttpsSource(link.url, LinkTerms(pauses_s=(0,)), lambda: 0.0, lambda _: None)
        with pytest.raises(LostError):
            source.read("one", 100)
        source.close()


@pytest.mark.parametrize("path", ["none", "../secret", "%2e%2e/secret", "chunks"])
def test_nothing_but_the_folders_files_is_handed_out(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("not yours")
    public = tmp_path / "public"
    (public / "chunks").mkdir(parents=True)
    with broken_link(public, 1000) as link, pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(link.url + path, timeout=30)  # noqa: S310  # loopback, http
    caught.value.close()
    assert caught.value.code == 404


@needs_squashfs
def test_releases_hold_this_software_and_the_broken_one_differs_in_a_line(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    good, bad = releases.tree("1"), releases.tree("2", broken=True)
    files = {path.relative_to(good) for path in good.rglob("*") if path.is_file()}
    assert Path("greenline/cli/kiosk.py") in files
    differing = {
        path.as_posix() for path in files if (good / path).read_bytes() != (bad / path).read_bytes()
    }
    assert differing == {"release", "greenline/drivers/zfm_codec.py"}

    index = releases.publish(good, "1")
    assert (index.release, index.hardware) == ("1", [HARDWARE])
