"""`greenline authority` as an operator uses it: each answer a sentence, each refusal too."""

import datetime
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from greenline.centre.authority.authority import Authority, opened
from greenline.centre.authority.enrolment import enrol
from greenline.centre.authority.errors import RefusedError
from greenline.cli.configuration import read_configuration
from greenline.cli.keyfiles import check_link, read_identity, read_signing_key
from greenline.matcher.config import MatcherConfig
from greenline.matcher.gallery_key import read_gallery_key
from greenline.matcher.split import ALL, Split
from greenline.protocol.keys import SigningKey
from tests.centre.authority.asking import KIOSK, SERIAL, DeviceKeys
from tests.cli.conftest import Told

Greenline = Callable[..., Told]
CODE = re.compile(r"^ +([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})$", re.MULTILINE)


@pytest.fixture
def folder(greenline: Greenline, tmp_path: Path) -> Path:
    made = tmp_path / "authority"
    told = greenline(
        "authority", "create", "--folder", made, "--site", "Test", "--host", "127.0.0.1",
        "--broker", "broker.example:1883", "--purpose", "check", "--list", "a", "--list", "b",
    )  # fmt: skip
    assert (told.code, told.err) == (0, "")
    return made


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def allowed(greenline: Greenline, folder: Path) -> str:
    told = greenline("authority", "allow", SERIAL, "--kiosk", KIOSK, "--folder", folder)
    assert told.code == 0
    (code,) = CODE.findall(told.out)
    return str(code)


def joined(greenline: Greenline, folder: Path) -> None:
    code = allowed(greenline, folder)
    with opened(folder) as authority:
        enrol(authority, SERIAL, code, DeviceKeys().request(), now())


def test_what_was_said_of_the_site_is_kept(folder: Path) -> None:
    with opened(folder) as authority:
        site = authority.site()

    assert (site.name, site.hosts, site.lists) == (
        "Test",
        ("127.0.0.1", "broker.example"),
        ("a", "b"),
    )
    assert (site.broker_host, site.broker_port, site.matcher) == (
        "broker.example",
        1883,
        "matcher-01",
    )


def test_a_device_is_allowed_and_listed_at_each_step(greenline: Greenline, folder: Path) -> None:
    code = allowed(greenline, folder)
    assert "not enrolled" in greenline("authority", "list", "--folder", folder).out

    with opened(folder) as authority:
        enrol(authority, SERIAL, code, DeviceKeys().request(), now())
    told = greenline("authority", "list", "--folder", folder)

    (line,) = [line for line in told.out.splitlines() if SERIAL in line]
    assert re.search(r"kiosk-07 +10000000abcd1234 +until \d{4}-\d\d-\d\d +none +used", line)
    assert code not in told.out


def test_a_second_enrolment_is_an_alarm_until_it_is_looked_at(
    greenline: Greenline, folder: Path
) -> None:
    joined(greenline, folder)
    assert greenline("authority", "alarms", "--folder", folder).out == "No alarms.\n"
    code = allowed(greenline, folder)
    with opened(folder) as authority, pytest.raises(RefusedError):
        enrol(authority, SERIAL, code, DeviceKeys().request(), now())

    told = greenline("authority", "alarms", "--folder", folder)
    assert (told.code, "second enrolment: 10000000abcd1234" in told.out) == (1, True)
    assert greenline("authority", "approve", SERIAL, "--folder", folder).code == 0
    with opened(folder) as authority:
        enrol(authority, SERIAL, code, DeviceKeys().request(), now())
    number = told.out.split()[0]
    assert greenline("authority", "alarms", "--folder", folder, "--clear", number).code == 0


def test_a_revoked_kiosk_is_on_the_list_that_is_written(
    greenline: Greenline, folder: Path, tmp_path: Path
) -> None:
    joined(greenline, folder)
    told = greenline("authority", "revoke", KIOSK, "--reason", "stolen", "--folder", folder)
    assert (told.code, told.out.startswith("kiosk-07 is revoked (stolen): 1 certificates")) == (
        0,
        True,
    )

    out = tmp_path / "crl.pem"
    assert greenline("authority", "crl", "--folder", folder, "--out", out).code == 0

    assert len(list(x509.load_pem_x509_crl(out.read_bytes()))) == 1
    assert "revoked (stolen)" in greenline("authority", "list", "--folder", folder).out


def test_what_is_published_is_a_matcher_that_could_start(
    greenline: Greenline, folder: Path, tmp_path: Path
) -> None:
    to = tmp_path / "published"
    told = greenline("authority", "publish", "--folder", folder, "--to", to)

    assert (told.code, told.err) == (0, "")
    settings = read_configuration(to / "matcher.toml", MatcherConfig)
    check_link(settings.broker)
    assert len(read_gallery_key(settings.keys.gallery)) == 32
    identity = read_identity(to / "matcher-01.json")
    assert read_signing_key(settings.keys.signing).public == identity.verify
    with opened(folder) as authority:
        assert authority.matcher() == identity
    earlier = replace(identity, verify=SigningKey.generate().public)
    (to / "matcher-01.json").write_bytes(identity.succeeding(earlier, 1).to_json())
    before = {path.name: path.read_bytes() for path in [*to.glob("*.key"), *to.glob("*.json")]}
    assert greenline("authority", "publish", "--folder", folder, "--to", to).code == 0
    assert {name: (to / name).read_bytes() for name in before} == before
    with opened(folder) as authority:
        assert authority.matcher() == identity.succeeding(earlier, 1), "kiosks hear of both"


def test_several_matchers_get_what_each_needs_to_start(
    greenline: Greenline, folder: Path, tmp_path: Path
) -> None:
    to = tmp_path / "published"
    publish = ("authority", "publish", "--folder", folder, "--to", to)
    told = greenline(*publish, "--matchers", 2)
    assert (told.code, told.err) == (0, "")

    assert not (to / "matcher.toml").exists()
    found = [read_configuration(to / f"matcher-{part}.toml", MatcherConfig) for part in (1, 2)]
    for settings in found:
        check_link(settings.broker)
    first, second = found
    assert [each.split for each in found] == [Split(1, 2), Split(2, 2)]
    assert [each.broker.client_id for each in found] == ["matcher-01-1", "matcher-01-2"]
    assert first.ledger != second.ledger
    assert (first.name, first.keys, first.gallery) == (second.name, second.keys, second.gallery)
    names = [x509.load_pem_x509_certificate(each.broker.certificate.read_bytes()).subject
             for each in found]  # fmt: skip
    assert [name.rfc4514_string() for name in names] == ["CN=matcher-01-1", "CN=matcher-01-2"]
    assert greenline(*publish).code == 0
    assert not (to / "matcher.toml").exists(), "it stays as it was said"


def test_matchers_that_would_not_agree_on_their_number_are_refused(
    greenline: Greenline, folder: Path, tmp_path: Path
) -> None:
    to = tmp_path / "published"
    publish = ("authority", "publish", "--folder", folder, "--to", to, "--matchers")
    assert greenline(*publish, 2).code == 0
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}

    told = greenline(*publish, 1)

    assert told.code == 4
    assert "matcher-1.toml shares the requests among 2, not 1" in told.sentence
    assert {path: path.read_bytes() for path in to.rglob("*") if path.is_file()} == before
    for part in (1, 2):
        (to / f"matcher-{part}.toml").unlink()
    assert greenline(*publish, 1).code == 0
    assert read_configuration(to / "matcher.toml", MatcherConfig).split == ALL
    told = greenline(*publish, 2)
    assert (told.code, "matcher.toml, which is of one alone, no more" in told.out) == (0, True)


def test_a_root_is_rotated_and_retired_when_nobody_needs_it(
    greenline: Greenline, folder: Path
) -> None:
    joined(greenline, folder)
    assert greenline("authority", "retire", "--folder", folder).sentence.endswith("rotate first")
    assert greenline("authority", "rotate", "--folder", folder).code == 0

    told = greenline("authority", "retire", "--folder", folder)
    assert (told.code, told.sentence.startswith("kiosk-07 would have to enrol again")) == (1, True)
    assert roots(folder) == 2
    assert greenline("authority", "retire", "--folder", folder, "--force").code == 0
    assert roots(folder) == 1


def roots(folder: Path) -> int:
    with opened(folder) as authority:
        return trusted(authority)


def trusted(authority: Authority) -> int:
    return len(authority.roots.trusted())


WRONG = {
    "no authority": (["list", "--folder", "nowhere"], 5, "there is no authority in nowhere"),
    "unknown serial": (["approve", "x", "--folder", "{}"], 1, "'x' is not on the allow-list"),
    "new without a name": (["allow", "x", "--folder", "{}"], 3, "say its name with --kiosk"),
    "no serial": (["allow", "a b", "--folder", "{}", "--kiosk", "k"], 3, "is no serial"),
    "no name": (["allow", "x", "--folder", "{}", "--kiosk", "K#"], 4, "is not a name"),
    "unknown kiosk": (
        ["revoke", "k", "--folder", "{}", "--reason", "lost"], 1, "nobody here has the name 'k'",
    ),
    "list nowhere": (
        ["crl", "--folder", "{}", "--out", "no/crl"], 5, "no/crl cannot be written: No such file",
    ),
    "not empty": (
        ["create", "--folder", "{}", "--site", "s", "--host", "h", "--broker", "b", "--purpose",
         "p", "--list", "l"], 1, "is not empty",
    ),
    "no broker": (
        ["create", "--folder", "{}/new", "--site", "s", "--host", "h", "--broker", "b:x",
         "--purpose", "p", "--list", "l"], 2, "'b:x' is no HOST or HOST:PORT",
    ),
    "no port": (
        ["serve", "--folder", "{}", "--listen", "127.0.0.1:99999"], 2, "is no ADDRESS or",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_done_is_told(
    greenline: Greenline, folder: Path, tmp_path: Path, case: str
) -> None:
    arguments, code, words = WRONG[case]

    told = greenline("authority", *(each.format(folder) for each in arguments))

    assert (told.code, words in told.sentence) == (code, True), told


def test_a_server_whose_port_is_taken_says_so(greenline: Greenline, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"

        told = greenline("authority", "serve", "--folder", folder, "--listen", where)

    assert (told.code, "Address already in use" in told.sentence) == (4, True)
