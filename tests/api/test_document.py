"""What the OpenAPI document promises to generators of clients."""

import pytest


@pytest.fixture
def document(db, client):
    return client.get("/api/schema", headers={"Accept": "application/json"}).json()


def test_every_call_names_its_refusals(document):
    calls = [call for path in document["paths"].values() for call in path.values()]
    assert len(calls) > 20
    for call in calls:
        assert {"400", "401", "403", "404", "409", "415", "429", "503"} <= set(call["responses"])


def test_bodies_take_no_other_fields(document):
    schemas = document["components"]["schemas"]
    for name in ("Code", "Order", "Evaluate", "SegmentIn", "NewCampaign", "Customer", "Product"):
        assert schemas[name]["additionalProperties"] is False, name


def test_lists_are_pages_and_missing_parts_are_null(document):
    answer = document["paths"]["/api/v1/segments"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"] == {"$ref": "#/components/schemas/SegmentPage"}
    experiment = document["components"]["schemas"]["Campaign"]["properties"]["experiment"]
    assert "null" in experiment["type"]
