"""The one place that knows LiteRT and TFLite: finds a runtime, checks a model file, opens it.

Every model of this folder is opened by load(). Nothing outside this file imports a runtime.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenline.models.errors import ModelFileError, RuntimeMissingError
from greenline.models.manifest import ModelFile, Tensor

# In the order of preference: LiteRT is maintained and faster, tflite-runtime ended with 2.14.
PACKAGES = {"litert": "ai-edge-litert", "tflite": "tflite-runtime"}
MODULES = {"litert": "ai_edge_litert.interpreter", "tflite": "tflite_runtime.interpreter"}
INSTALL = "install it with: pip install 'greenline[litert]' (or 'greenline[tflite]' on Python 3.11)"


@dataclass(frozen=True)
class Runtime:
    """One installed runtime. build(content, threads) makes its interpreter of a file's bytes."""

    name: str
    description: str
    build: Callable[[bytes, int], Any]


def find_runtime(name: str | None = None) -> Runtime:
    """Return the runtime called name ("litert" or "tflite"), or the first that is installed.

    Raises RuntimeMissingError when there is none. Importing proves little: load() builds.
    """
    if name is not None and name not in MODULES:
        raise RuntimeMissingError(f"there is no runtime called {name}: choose litert or tflite")
    faults = []
    for candidate in [name] if name else MODULES:
        try:
            module = import_module(MODULES[candidate])
        except ImportError as error:
            faults.append(f"{PACKAGES[candidate]}: {error}")
            continue
        return _runtime(candidate, module.Interpreter)
    raise RuntimeMissingError(f"no runtime for the models ({'; '.join(faults)}): {INSTALL}")


def _runtime(name: str, interpreter_class: Callable[..., Any]) -> Runtime:
    def build(content: bytes, threads: int) -> Any:
        return interpreter_class(model_content=content, num_threads=threads)

    return Runtime(name, f"{PACKAGES[name]} {version(PACKAGES[name])}", build)


class Network:
    """One model file, opened. Keeps its working memory; not safe to share between threads."""

    def __init__(self, file: ModelFile, content: bytes, runtime: Runtime, threads: int) -> None:
        self.file = file
        # The interpreter reads its weights in these bytes for as long as it lives.
        self._content = content
        self._interpreter = _build(file, content, runtime, threads)
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        self._input = self._checked(inputs, (file.input,), "input")[0]
        self._outputs = self._checked(outputs, file.outputs, "output")
        self._interpreter.allocate_tensors()

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the first output (a copy) for values, both shaped as the manifest says."""
        return self.run_all(values)[0]

    def run_all(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Compute all outputs (copies) for values, in the manifest's order."""
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)

    def _checked(
        self, details: list[dict[str, Any]], expected: tuple[Tensor, ...], which: str
    ) -> tuple[int, ...]:
        found = [(tuple(int(n) for n in d["shape"]), np.dtype(d["dtype"]).name) for d in details]
        if found != [(tensor.shape, tensor.dtype) for tensor in expected]:
            says = ", ".join(f"{tensor.shape} {tensor.dtype}" for tensor in expected)
            raise ModelFileError(
                f"{self.file.name} has the {which} {found}, the manifest says {says}: install again"
            )
        return tuple(int(detail["index"]) for detail in details)


def load(
    file: ModelFile, folder: Traversable, *, runtime: Runtime | None = None, num_threads: int = 1
) -> Network:
    """Open one model file of the manifest, from the folder that holds it.

    num_threads: 1 on a busy machine; with more threads than free cores latency collapses.
    Raises ModelFileError (missing, wrong hash or shape) and RuntimeMissingError (none works).
    """
    content = read_checked(file, folder)
    return Network(file, content, runtime or find_runtime(), num_threads)


def read_checked(file: ModelFile, folder: Traversable) -> bytes:
    """Return a model file's bytes. Raises ModelFileError if their SHA-256 is not the manifest's."""
    try:
        content = (folder / file.name).read_bytes()
    except OSError as error:
        raise ModelFileError(f"{file.name} cannot be read ({error}): install again") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ModelFileError(f"{file.name} is not the file that the manifest names: install again")
    return content


def _build(file: ModelFile, content: bytes, runtime: Runtime, threads: int) -> Any:
    try:
        return runtime.build(content, threads)
    except (ImportError, AttributeError, SystemError) as error:
        # tflite-runtime was built against NumPy 1: beside NumPy 2 it imports and fails here.
        raise RuntimeMissingError(
            f"{runtime.description} does not work with NumPy {np.__version__}: "
            "install ai-edge-litert, or for tflite-runtime: pip install 'numpy<2'"
        ) from error
    except (ValueError, RuntimeError) as error:
        raise ModelFileError(f"{runtime.description} refuses {file.name}: {error}") from error
