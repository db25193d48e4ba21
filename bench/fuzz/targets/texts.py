"""What people and other programs write as text: configurations, addresses, lists of files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request as HttpRequest

from bench.fuzz.files import folder, through_file
from bench.fuzz.target import BrokenError, Prepared, Target
from bench.fuzz.targets.keys import JSON
from greenline.centre.authority import app
from greenline.centre.authority.errors import CredentialsError
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.errors import CommandError
from greenline.drivers.camera_urls import parse_camera
from greenline.drivers.errors import CameraUrlError, SensorUrlError
from greenline.drivers.urls import check_sensor_url, sensor_pins
from greenline.firmware import est
from greenline.firmware.config import KioskConfig, UplinkConfig
from greenline.firmware.errors import ConfigurationError
from greenline.matcher import gallery_names
from greenline.matcher.config import MatcherConfig
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_checks import check_label
from greenline.matcher.gallery_manifest import Declared, read_manifest, write_manifest
from greenline.models import manifest as models
from greenline.models.errors import ModelFileError

_KIOSK = b"""name = "kiosk-01"
sensor = "serial:/dev/fingerprint"
store = "s.db"
socket = "k"
[keys]
signing = "s"
opening = "o"
matcher = "m"
[search]
purpose = "border-check"
lists = ["watch-list"]
"""
_KIOSK_FULL = (
    _KIOSK
    + b"""target_fpir = 1e-3
[panel]
camera = "v4l2:/dev/video0"
buzzer = 18
[[panel.lights]]
red = 1
green = 2
blue = 3
[live]
settle_s = 0.5
[audit]
keep_days = 3
"""
)
_BROKER = b"""[broker]
host = "h"
client_id = "c"
ca = "a"
certificate = "b"
key = "k"
"""
_UPLINK = b'kiosk = "kiosk-01"\nsocket = "k"\n' + _BROKER
_MATCHER = (
    b"""name = "m"
gallery = "g"
ledger = "l"
threshold = 4.0
[keys]
signing = "s"
opening = "o"
gallery = "g"
kiosks = "k"
[[keys.earlier]]
signing = "s"
opening = "o"
until = 2027-01-01T00:00:00Z
"""
    + _BROKER
)
_TOML_TOKENS = (
    b" = ", b"[[", b"]]", b'"""', b"'''", b"\\u0000", b"\\U0010ffff", b"\\ud800", b"nan",
    b"-inf", b"1979-05-27T07:32:00-08:00", b"9" * 5000, b"0x" + b"f" * 300, b"1e999", b"[" * 300,
    b"{a=" * 99, b"production = true\n", b"a." * 300, b"= 07:32:00\n", b"\xef\xbb\xbf", b"\r\n",
)  # fmt: skip


def _configuration(kind: type[msgspec.Struct], seeds: tuple[bytes, ...]) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        decode = through_file(lambda path: read_configuration(path, kind))
        again = through_file(lambda path: read_configuration(path, kind), "written")
        copy = folder() / "copy"

        def check(_data: bytes, found: Any) -> None:
            write_configuration(copy, found)
            if again(copy.read_bytes()) != found:
                raise BrokenError("written and read again, it says another thing")
            _demand_usable_paths(found)

        return Prepared(decode, seeds, check, _TOML_TOKENS)

    return prepare


def _demand_usable_paths(found: Any) -> None:
    for name in found.__struct_fields__:
        value = getattr(found, name)
        if isinstance(value, msgspec.Struct):
            _demand_usable_paths(value)
        elif isinstance(value, Path) and "\0" in str(value):
            raise BrokenError(f"{name} is a path that no system call takes")


def _url(read: Callable[[str], Any], *seeds: str) -> Callable[[], Prepared]:
    tokens = (b"?", b"&", b"=", b"%00", b"%", b"[", b"]", b"//", b"#", b"GPIO17", b"nan", b"1e-3")
    return lambda: Prepared(
        lambda data: read(data.decode("utf-8", "replace")),
        tuple(seed.encode() for seed in seeds),
        None,
        tokens,
    )


def _sensor(url: str) -> tuple[int, ...]:
    check_sensor_url(url)
    return sensor_pins(url)


def _import_list() -> Prepared:
    rows = [("a_finger2.fmr", Declared(adult=True, reference="case-17", finger=2, model="m/1"))]
    # The name that is looked for stands in the manifest's own module.
    decode = through_file(lambda file: read_manifest(file.parent), "manifest.csv")
    seeds = (
        write_manifest(rows),
        b"file,adult\na.png,yes\nb/c.fmr,no\n",
        b'\xef\xbb\xbffile,adult,finger\r\n"a ""b"".png",YES,10\r\n',
    )

    def check(_data: bytes, found: dict[Path, Declared] | None) -> None:
        for declared in (found or {}).values():
            if declared.finger is not None and declared.finger > 99:
                raise BrokenError("a finger's position is beyond all reason")

    return Prepared(decode, seeds, check, (b"file,adult", b",yes\n", b'"', b"9" * 5000, b"\0"))


def _name(data: bytes) -> tuple[str, int | None]:
    """A file's name may be any bytes but NUL and slash; Python holds strange ones as surrogates."""
    reference, finger = gallery_names.parse(Path(data.decode("utf-8", "surrogateescape")))
    check_label("reference", reference)
    return reference, finger


def _name_again(_data: bytes, found: tuple[str, int | None]) -> None:
    reference, finger = found
    if finger is None or not 0 <= finger <= 10:
        return
    again = gallery_names.parse(Path(gallery_names.name_of(reference, finger, 1)))
    if again != found:
        raise BrokenError("its name, made anew, tells another thing")


def _basic(data: bytes) -> tuple[str, str]:
    headers = [(b"authorization", data)]
    return app._basic(HttpRequest({"type": "http", "headers": headers}))


def _models() -> Prepared:
    whole = (models.installed_folder() / models.MANIFEST).read_bytes()
    tree = msgspec.json.decode(whole)
    tree["files"] = tree["files"][:2]
    decode = through_file(lambda file: models.read_manifest(file.parent), models.MANIFEST)
    return Prepared(decode, (msgspec.json.encode(tree),), None, (b"\\ud800", b"1e999"), tree=JSON)


TARGETS = (
    Target("kiosk-toml", _configuration(KioskConfig, (_KIOSK, _KIOSK_FULL)), (CommandError,)),
    Target("uplink-toml", _configuration(UplinkConfig, (_UPLINK,)), (CommandError,)),
    Target("matcher-toml", _configuration(MatcherConfig, (_MATCHER,)), (CommandError,)),
    Target(
        "sensor-address",
        _url(
            _sensor, "serial:/dev/fingerprint?baud=115200&touch=GPIO17&power=GPIO27",
            "usb:05ba:000a?serial={A1B2}&turn=180&invert=yes&dpi=512&seed=0x51ea",
        ),
        (SensorUrlError,), most_bytes=1024,
    ),
    Target(
        "camera-address",
        _url(
            parse_camera, "v4l2:/dev/video0?size=1280x720&rotation=90", "picamera:0?exposure=0.01",
            "folder:pictures%20of",
        ),
        (CameraUrlError,), most_bytes=1024,
    ),
    Target(
        "authority-address",
        _url(est._address, "https://authority.example:8443/"),
        (ConfigurationError,), most_bytes=1024,
    ),
    Target("import-list", _import_list, (EnrolmentError,)),
    Target(
        "import-name",
        lambda: Prepared(
            _name, (b"case-17_finger2.fmr", b"summer/case%2F17_finger02_3.png"), _name_again
        ),
        (EnrolmentError,), most_bytes=512,
    ),
    Target(
        "enrolment-password",
        lambda: Prepared(_basic, (b"Basic c2VyaWFsOjdLM00tUTlUWA==", b"Basic OjpAOg==")),
        (CredentialsError,), most_bytes=1024,
    ),
    Target("model-list", _models, (ModelFileError,), most_bytes=8192),
)  # fmt: skip
