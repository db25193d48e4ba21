"""What the authority's tests share: a site, a clock, and devices that make keys and requests."""

import base64
import datetime
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from greenline.centre.authority.authority import Authority, Site
from greenline.centre.authority.enrolment import allow, enrol
from greenline.centre.authority.records import Issued
from greenline.centre.authority.requests import KeyRequest, read_request
from greenline.protocol.enrolment import Registration
from greenline.protocol.keys import Identity, OpeningKey, SigningKey

NOW = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
SITE = Site(
    "Test site", ("127.0.0.1", "localhost"), "matcher-01", "127.0.0.1", 8883, "border-check",
    ("border-list",),
)  # fmt: skip
SERIAL, KIOSK = "10000000abcd1234", "kiosk-07"


def matcher_identity() -> Identity:
    return Identity("matcher-01", SigningKey.generate().public, OpeningKey.generate().public)


@dataclass
class Clock:
    """Time as a test says it is."""

    now: datetime.datetime = NOW

    def __call__(self) -> datetime.datetime:
        return self.now

    def forward(self, days: float) -> None:
        self.now += datetime.timedelta(days=days)


@dataclass
class DeviceKeys:
    """The keys that a device makes for itself."""

    transport: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    signing: SigningKey = field(default_factory=SigningKey.generate)
    opening: OpeningKey = field(default_factory=OpeningKey.generate)

    def body(self, name: str = KIOSK) -> bytes:
        """A certificate request as EST carries it."""
        return base64.b64encode(make_request(self.transport, name))

    def request(self, name: str = KIOSK) -> KeyRequest:
        return read_request(self.body(name))

    def registration(self, fingerprint: bytes) -> Registration:
        return Registration.make(self.signing, self.opening.public, fingerprint)

    @property
    def transport_pem(self) -> bytes:
        return self.transport.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def make_request(key: ec.EllipticCurvePrivateKey, name: str = KIOSK) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def enrolled(
    authority: Authority, keys: DeviceKeys, now: datetime.datetime = NOW, serial: str = SERIAL,
    kiosk: str = KIOSK,
) -> Issued:  # fmt: skip
    """Allow a device and enrol it."""
    code = allow(authority, serial, kiosk, now)
    return enrol(authority, serial, code, keys.request(), now)
