import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender.ranking.topk import WIDE, top_k


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 12)),
        elements=st.sampled_from([-np.inf, 0, 1, 2]),
    ),
    st.integers(1, 15),
)
def test_it_equals_a_full_stable_sort(scores, k):
    codes, values = top_k(scores, k)
    for row in range(scores.shape[0]):
        order = np.argsort(-scores[row], kind="stable")
        expected = [code for code in order if np.isfinite(scores[row, code])][:k]
        assert codes[row].tolist() == expected + [-1] * (k - len(expected))
        assert values[row, : len(expected)].tolist() == scores[row, expected].tolist()


def test_no_rows_and_no_columns():
    assert top_k(np.zeros((0, 4), dtype=np.float32), 2)[0].shape == (0, 2)
    assert top_k(np.zeros((2, 0), dtype=np.float32), 2)[0].tolist() == [[-1, -1], [-1, -1]]


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.integers(WIDE, WIDE + 700),
    st.sampled_from([2, 50, 100_000]),
    st.sampled_from([0.0, 0.5, 0.999]),
    st.sampled_from([1, 3]),
)
def test_wide_rows_equal_a_full_stable_sort_too(seed, k, columns, levels, empty, rows):
    random = np.random.default_rng(seed)
    scores = random.integers(0, levels, (rows, columns)).astype(np.float32)
    scores[random.random(scores.shape) < empty] = -np.inf
    codes, values = top_k(scores, k)
    for row in range(rows):
        order = np.argsort(-scores[row], kind="stable")[:k]
        expected = [int(code) for code in order if np.isfinite(scores[row, code])]
        assert codes[row].tolist() == expected + [-1] * (k - len(expected))
        assert values[row, : len(expected)].tolist() == scores[row, expected].tolist()
        assert np.isneginf(values[row, len(expected) :]).all()
