"""A campaign's row, held until the transaction ends."""

from uuid import UUID

from campaigns.models import Campaign

RELATED = (
    "codes_of",
    "segment", "trigger_segment", "content__template", "pool__promotion", "promotion", "experiment", "plan",
)  # fmt: skip


def locked(pk: UUID) -> Campaign:
    """Return the campaign with all that it is planned with. A rival waits; the joined rows stay free."""
    return Campaign.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=pk)
