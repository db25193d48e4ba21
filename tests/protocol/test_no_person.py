"""No field anywhere says who or what a person is: a request has fingers, a purpose and lists."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import msgspec

import greenline.firmware
import greenline.protocol
from greenline.protocol.messages import ImpressionMessage, Request

# As whole words of a field's name. A "name" alone is a kiosk's, a list's or a device's.
NEVER = {
    "nationality", "citizenship", "ethnicity", "ethnic", "race", "religion", "gender", "sex",
    "birth", "birthday", "birthdate", "age_years", "surname", "firstname", "forename", "passport",
}  # fmt: skip


def classes() -> Iterator[type]:
    for package in (greenline.protocol, greenline.firmware):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__"):
                continue
            module: ModuleType = importlib.import_module(found.name)
            for _, each in inspect.getmembers(module, inspect.isclass):
                if each.__module__ == module.__name__:
                    yield each


def fields(kind: type) -> list[str]:
    if issubclass(kind, msgspec.Struct):
        return [field.name for field in msgspec.structs.fields(kind)]
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    return []


def test_no_field_tells_of_a_person() -> None:
    found = {kind: fields(kind) for kind in classes()}
    assert sum(map(len, found.values())) > 600
    told = {
        f"{kind.__qualname__}.{field}"
        for kind, names in found.items()
        for field in names
        if NEVER & {field, *field.split("_")}
    }
    assert told == set()


def test_a_request_has_fingers_a_purpose_and_lists() -> None:
    assert fields(Request) == [
        "purpose", "lists", "impressions", "software", "target_fpir", "free_placement",
        "version",
    ]  # fmt: skip
    assert fields(ImpressionMessage) == [
        "finger", "template", "quality", "quality_algorithm", "model",
    ]  # fmt: skip
