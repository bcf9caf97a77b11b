"""Type names for the arrays that modules pass to one another."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
"""Sound as float32, shape [samples, channels] unless a docstring gives another shape."""

Array: TypeAlias = NDArray[np.float64]
"""Float64 numbers of any shape."""

Curve: TypeAlias = NDArray[np.float64]
"""One float64 number per frame, shape [frames]."""
