"""A campaign that says hello: no products, no codes."""

from campaigns import actions
from campaigns.content.services import create_template
from campaigns.models import Campaign


def plain_content(now):
    blocks = [{"kind": "header", "title": "Shop"}, {"kind": "text", "text": "Hello"}, {"kind": "footer"}]
    return create_template(name="Plain", subject="Hello", preheader="", blocks=blocks, now=now)


def make_campaign(now, **fields) -> Campaign:
    fields.setdefault("content", None)
    fields["content"] = fields["content"] or _content(now)
    return actions.create_campaign(user=None, now=now, **{"slug": "c", "name": "C", "kind": "email"} | fields)


def _content(now):
    found = Campaign.content.field.related_model.objects.filter(template__name="Plain").first()
    return found or plain_content(now)
