"""What items say about themselves, as numbers."""

import numpy as np
import polars as pl
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from recommender.arrays import AnyArray, Csr
from recommender.columns import ITEM

BANDS = 5


def item_features(attributes: pl.DataFrame | None, items: int) -> tuple[Csr, tuple[str, ...]]:
    """Return the items x terms TF-IDF matrix (rows of length 1) and the terms."""
    columns = [] if attributes is None else [name for name in attributes.columns if name != ITEM]
    if attributes is None or not columns:
        return sp.csr_matrix((items, 0), dtype=np.float32), ()
    pairs = pl.concat([_terms(attributes[name]) for name in columns]).unique()
    common = pairs.group_by("term").len().filter(pl.col("len") > 1).sort("term")["term"]
    pairs = pairs.filter(pl.col("term").is_in(common.implode()))
    index = pl.Series(np.arange(len(common), dtype=np.int32))
    codes: AnyArray = pairs["term"].replace_strict(common, index, return_dtype=pl.Int32).to_numpy()
    shape = (items, len(common))
    counts = sp.csr_matrix((np.ones(len(codes), dtype=np.float32), (pairs["item"].to_numpy(), codes)), shape)
    if not len(common):
        return counts, ()
    return TfidfTransformer().fit_transform(counts).astype(np.float32).tocsr(), tuple(common.to_list())


def _terms(column: pl.Series) -> pl.DataFrame:
    """Return (item position, term) pairs of one attribute."""
    name = column.name
    frame = pl.DataFrame({"item": np.arange(len(column), dtype=np.int32), "value": column})
    if column.dtype.is_numeric() and column.n_unique() > 2 * BANDS and not column.dtype.is_integer():
        band = pl.col("value").qcut(BANDS, allow_duplicates=True).to_physical().cast(pl.String)
        return frame.drop_nulls().select("item", term=pl.lit(f"{name}~") + band)
    text = frame.with_columns(pl.col("value").cast(pl.String).str.strip_chars()).filter(pl.col("value") != "")
    whole = text.select("item", term=pl.lit(f"{name}=") + pl.col("value"))
    words = (
        text.select("item", word=pl.col("value").str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+"))
        .filter(pl.col("word").list.len() > 1)
        .explode("word")
    )
    return pl.concat([whole, words.select("item", term=pl.lit(f"{name}:") + pl.col("word"))])
