"""LEADER as a Keras model of one input size, written so that TFLite runs it well.

The arithmetic is pyfing's; two layers are put in other words, since their kernels have no fast
path in the runtimes: what took 7x7 depthwise taps takes three convolutions of fewer rows, and
a dilated convolution stays one operation. Used by convert_leader.py.
"""

import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported

import keras
import tensorflow as tf
from pyfing.minutiae_end_to_end import Leader

# XNNPACK's fast depthwise kernels have 25 taps at most: 7x7 is cut into 3x7, 3x7 and 1x7.
ROW_GROUPS = ((0, 3), (3, 6), (6, 7))


def original() -> Any:
    """Return pyfing's LEADER with its weights, for any input size."""
    return Leader().model


def of_size(model: Any, height: int, width: int) -> Any:
    """Return the same network for one picture of height x width pixels."""
    picture = keras.Input((height, width, 1), batch_size=1, name="picture")
    return keras.models.clone_model(model, input_tensors=picture, clone_function=_reworded)


def _reworded(layer: Any) -> Any:
    if isinstance(layer, keras.layers.DepthwiseConv2D) and layer.kernel_size == (7, 7):
        return DepthwiseByRows(layer)
    if isinstance(layer, keras.layers.Conv2D) and layer.dilation_rate != (1, 1):
        return Dilated(layer)
    return layer


class DepthwiseByRows(keras.layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """A 7x7 depthwise convolution without bias, padding "same", as a sum over groups of rows."""

    def __init__(self, layer: Any) -> None:
        super().__init__(name=layer.name)
        self._taps = layer.kernel.numpy()

    def call(self, x: Any) -> Any:
        """Compute (1, height, width, channels) of the same."""
        height = x.shape[1]
        padded = tf.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)))
        parts = [
            tf.nn.depthwise_conv2d(
                padded[:, first : height + last - 1], self._taps[first:last], [1] * 4, "VALID"
            )
            for first, last in ROW_GROUPS
        ]
        return parts[0] + parts[1] + parts[2]


class Dilated(keras.layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """A dilated convolution in one operation; Keras would cut the picture up and rejoin it."""

    def __init__(self, layer: Any) -> None:
        super().__init__(name=layer.name)
        self._taps, self._bias = (weight.numpy() for weight in layer.weights)
        self._rates = list(layer.dilation_rate)
        self._activation = layer.activation

    def call(self, x: Any) -> Any:
        """Compute (1, height, width, filters) of (1, height, width, channels)."""
        result = tf.nn.conv2d(x, self._taps, 1, "SAME", dilations=self._rates)
        return self._activation(result + self._bias)
