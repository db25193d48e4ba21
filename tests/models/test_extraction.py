import math
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.models.ridges import level_ridges, rings

from greenline.models.errors import PictureError
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.prints.fmr import decode
from greenline.prints.frame import Frame
from greenline.prints.template import Template
