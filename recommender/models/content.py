"""Content: items whose attributes resemble those of what the customer has."""

import numpy as np
import polars as pl
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from recommender.arrays import AnyArray, Csr, Float32
from recommender.base import ProfileRecommender
from recommender.columns import ITEM
from recommender.dataset import Dataset, History
from recommender.lists import Because

BANDS = 5


class Content(ProfileRecommender):
    """Score an item by the cosine between its attributes and the customer's taste.

    Every attribute value is a term ``column=value``, a text of several words also gives its words
    ``column:word``, a number its fifth of the range; terms weigh by TF-IDF. A term that only one item
    has relates nothing and is dropped. The only model here that can recommend an item nobody bought
    yet. Without attributes it has no opinion.
    """

    name = "content"
    features_: Csr
    terms_: tuple[str, ...]

    def __init__(self, time_constant: float = 120.0) -> None:
        self.time_constant = time_constant

    def _fit(self, dataset: Dataset) -> None:
        self.features_, self.terms_ = item_features(dataset.attributes, len(dataset.items))
        self.profile_ = self._profile(dataset)

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _score_profiles(self, profiles: Csr) -> Float32:
        if not len(self.terms_):
            return np.zeros(profiles.shape, dtype=np.float32)
        taste = normalize(profiles @ self.features_).toarray().astype(np.float32)
        return np.ascontiguousarray((self.features_ @ taste.T).T)

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        if not len(self.terms_):
            return []
        carried = self.features_[code].multiply(normalize(profile @ self.features_)).tocsr()
        pairs = zip(carried.indices, carried.data, strict=True)
        return [Because("attribute", self.terms_[int(term)], float(value)) for term, value in pairs if value]

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = (self.features_ @ self.features_[code].T).toarray().ravel()
        return likeness


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
