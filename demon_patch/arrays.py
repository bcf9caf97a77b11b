"""Names for the arrays that the modules hand to one another."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
"""Sound, [samples, channels] unless something else is said."""

Array: TypeAlias = NDArray[np.float64]
"""Numbers of any shape."""

Curve: TypeAlias = NDArray[np.float64]
"""A value a frame, [frames]."""
