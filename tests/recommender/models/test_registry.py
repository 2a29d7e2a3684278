import pytest

from recommender import DataError, UnknownModelError, create
from recommender.models import LINE_UP, create_seeded, names


def test_the_line_up_is_registered_under_its_names():
    assert LINE_UP == ("popularity", "own-frequency", "user-knn", "item-knn", "content", "als", "hybrid")
    assert set(LINE_UP) <= set(names())


def test_an_unknown_name_is_reported_with_the_known_ones():
    with pytest.raises(
        UnknownModelError, match=r"unknown model 'magic'; choose one of: auto, popularity, .*hybrid"
    ):
        create("magic")


def test_an_unknown_parameter_is_reported():
    with pytest.raises(DataError, match="als: unknown parameter depth; it takes factors"):
        create("als", depth=3)


def test_the_seed_goes_where_it_is_taken():
    assert create_seeded("als", 7).seed == 7
    assert not hasattr(create_seeded("popularity", 7), "seed")
