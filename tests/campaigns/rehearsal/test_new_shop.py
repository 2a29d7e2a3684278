"""A shop in which nobody has bought anything: a file of its own, since the others share a shop."""

from campaigns.rehearsal.services import rehearse
from tests.campaigns.rehearsal.conftest import NOW, mailing
from tests.campaigns.rehearsal.test_rehearsing import figure


def test_a_shop_without_history_says_so(db):
    kept = rehearse(mailing(None), as_of=NOW, now=NOW)
    assert kept.figures["dates"] == []
    assert figure(kept, "revenue_anyway")["why"] == "history"
