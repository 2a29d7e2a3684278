"""Names for the array types of this package."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Float32: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]
Int32: TypeAlias = npt.NDArray[np.int32]
Int64: TypeAlias = npt.NDArray[np.int64]
Bool: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]
#: scipy ships no types; a CSR matrix, always float32 and with sorted indices here.
Csr: TypeAlias = Any

#: Dense score blocks are cut so that one holds about this many bytes.
BLOCK_BYTES = 64 * 1024 * 1024


def block_rows(columns: int, most: int = 4096) -> int:
    """Return how many float32 rows of this width fit into one block of 64 MB."""
    return int(min(most, max(16, BLOCK_BYTES // (4 * max(columns, 1)))))


def spread(items: AnyArray, scores: Float32, columns: int) -> Float32:
    """Return a row of scores that are 0 but at the given items."""
    row = np.zeros(columns, dtype=np.float32)
    row[items] = scores
    return row
