"""What a simulated USB device tells pyusb about itself: descriptors, strings, its place.

Both kinds of bus (usb_bus.py with a modelled reader, usb_replay.py with a recorded one) are pyusb
backends, with the methods that it calls for such devices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import usb.backend

INTERRUPT_ENDPOINT, BULK_ENDPOINT = 0x81, 0x82
STANDARD_READ, GET_DESCRIPTOR, STRING = 0x80, 6, 3  # USB 2.0, chapter 9

_BUS = 0  # no real bus has this number, so no real device's strings are taken for this one's
_ENGLISH = b"\x09\x04"


@dataclass(frozen=True)
class UsbDescription:
    """vendor, product: USB numbers. model, serial: what it calls itself; empty for none."""

    vendor: int
    product: int
    model: str
    serial: str


def device_descriptor(description: UsbDescription) -> SimpleNamespace:
    """Return the fields that pyusb wants to know of a device."""
    return SimpleNamespace(
        bLength=18, bDescriptorType=1, bcdUSB=0x0200, bDeviceClass=0, bDeviceSubClass=0,
        bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=description.vendor,
        idProduct=description.product, bcdDevice=0x0103, iManufacturer=0,
        iProduct=2 if description.model else 0, iSerialNumber=3 if description.serial else 0,
        bNumConfigurations=1, address=1, bus=_BUS, port_number=1, port_numbers=(1,), speed=2,
    )  # fmt: skip


def configuration_descriptor() -> SimpleNamespace:
    """Return the only configuration: one interface, 200 mA."""
    return SimpleNamespace(
        bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1,
        iConfiguration=0, bmAttributes=0x80, bMaxPower=100, extra_descriptors=[],
    )  # fmt: skip


def interface_descriptor(number: int, setting: int) -> SimpleNamespace:
    """Return the only interface. Raises IndexError for any other, as pyusb expects."""
    if (number, setting) != (0, 0):
        raise IndexError(number)
    return SimpleNamespace(
        bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2,
        bInterfaceClass=0xFF, bInterfaceSubClass=0xFF, bInterfaceProtocol=0xFF, iInterface=0,
        extra_descriptors=[],
    )  # fmt: skip


def endpoint_descriptor(number: int) -> SimpleNamespace:
    """Return one of the two endpoints."""
    address, kind, interval = ((INTERRUPT_ENDPOINT, 3, 8), (BULK_ENDPOINT, 2, 0))[number]
    return SimpleNamespace(
        bLength=7, bDescriptorType=5, bEndpointAddress=address, bmAttributes=kind,
        wMaxPacketSize=64, bInterval=interval, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
    )  # fmt: skip


def string_descriptor(description: UsbDescription, index: int) -> bytes:
    """Return a string's descriptor: 0 the languages, 2 the model, 3 the serial number."""
    text = {2: description.model, 3: description.serial}.get(index, "").encode("utf-16-le")
    body = text if index else _ENGLISH
    return bytes([len(body) + 2, STRING]) + body


class DescribedDevice(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """The part of a pyusb backend that only describes: one device on one bus."""

    def __init__(self, description: UsbDescription) -> None:
        self.description = description

    def enumerate_devices(self) -> Iterator[object]:
        """Yield the one device."""
        yield self.description

    def get_device_descriptor(self, device: object) -> SimpleNamespace:
        """Return the fields that pyusb wants to know of a device."""
        del device
        return device_descriptor(self.description)

    def get_configuration_descriptor(self, device: object, index: int) -> SimpleNamespace:
        """Return the configuration. Raises IndexError when there is none of this index."""
        del device
        if index:
            raise IndexError(index)
        return configuration_descriptor()

    def get_interface_descriptor(
        self, device: object, interface: int, setting: int, configuration: int
    ) -> SimpleNamespace:
        """Return the interface. Raises IndexError when there is none of this index."""
        del device, configuration
        return interface_descriptor(interface, setting)

    def get_endpoint_descriptor(
        self, device: object, endpoint: int, interface: int, setting: int, configuration: int
    ) -> SimpleNamespace:
        """Return the endpoint."""
        del device, interface, setting, configuration
        return endpoint_descriptor(endpoint)

    def get_configuration(self, handle: object) -> int:
        """Return the number of the configuration that is set."""
        del handle
        return 1
