"""What the columns of a file mean: told from their names, kept by source, refused with every reason."""

import pytest

from integrations import services
from integrations.imports.errors import BadMapping
from integrations.imports.mapping import kind_of
from integrations.models import ImportState, SavedMapping
from tests.factories.imports import NOW, uploaded

pytestmark = pytest.mark.django_db


def test_the_mapping_is_remembered_by_source():
    odd = "Nr;Post;Seit\n1;a@b.example;03/04/2026\n"
    run = uploaded(odd, kind="customers", source="till")
    assert run.mapping == {"Nr": "", "Post": "", "Seit": ""}
    mapping = {"Nr": "external_id", "Post": "email", "Seit": "known_since"}
    services.map_columns(run, mapping=mapping, options={"date_order": "mdy"}, now=NOW)
    other = uploaded(odd, kind="customers", source="till")
    assert other.mapping == mapping
    assert other.options["date_order"] == "mdy"
    assert uploaded(odd, kind="customers", source="web").mapping == {"Nr": "", "Post": "", "Seit": ""}
    assert SavedMapping.objects.count() == 1


def test_a_mapping_that_does_not_fit_is_refused_with_every_reason():
    run = uploaded("a,b\n1,2\n", kind="orders", source="x")
    with pytest.raises(BadMapping) as bad:
        services.map_columns(
            run, mapping={"a": "sku", "b": "sku", "c": "email", "d": 3}, options={"decimal": "x"}, now=NOW
        )
    assert len(bad.value.problems) == 7
    assert run.state == ImportState.UPLOADED and SavedMapping.objects.count() == 0


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("Customer ID,First name,Last name,E-mail,Country,Accepts marketing", "customers"),
        ("E-mail", "customers"),
        ("What,ever", "customers"),
        ("Order number,Customer ID,Date,SKU,Product,Quantity,Price", "orders"),
        ("SKU,Name,Price,Stock", "products"),
        ("Event,Timestamp,Customer ID,SKU,Quantity", "events"),
        ("E-mail,Channel,Topic,Granted,Date", "consents"),
        ("Address,Channel,Reason", "suppressions"),
        ("订单号,下单时间,客户编号,商品编号,数量", "orders"),
    ],
)
def test_what_rows_are_is_told_from_their_columns(columns, kind):
    assert kind_of(columns.split(",")) == kind
