"""What a file says about how a consent was given: the proof that a market's law may ask for."""

from ipaddress import ip_address
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, plain, text
from integrations.imports.kinds.base import Context

#: Members of a proof that a column of one's own cannot claim.
_OURS = ("opt_in", "double_opt_in")


def _address(value: Any) -> str:
    written = values.text(value, 60)
    if not written:
        return ""
    try:
        return str(ip_address(written))
    except ValueError:
        raise BadRow(_("Write the IP address like 203.0.113.7 or 2001:db8::7.")) from None


FIELDS = (
    Field("consent_source", gettext_lazy("where it was said"), text(200),
          ("consentsource", "optinsource", "signupsource", "form", "formurl", "同意来源")),
    Field("consent_ip", gettext_lazy("from which IP address"), plain(_address),
          ("consentip", "optinip", "signupip", "ip", "ipaddress", "同意ip")),
    Field("confirmed_at", gettext_lazy("confirmed by link at (double opt-in)"), values.moment,
          ("confirmedat", "confirmtime", "confirmationtime", "doubleoptinat", "doubleoptin", "doiat",
           "确认时间")),
    Field("confirmed_ip", gettext_lazy("confirmed from which IP address"),
          plain(_address), ("confirmedip", "confirmip", "confirmationip", "确认ip")),
)  # fmt: skip


def proof_of(found: dict[str, Any], context: Context) -> dict[str, Any]:
    """Return a row's proof. Only a moment of confirmation, and no mere yes, makes it a double opt-in."""
    own = found.get("attributes", {})
    proof: dict[str, Any] = {name: value for name, value in own.items() if name not in _OURS}
    proof["import"] = context.reference
    for name, key in (("consent_source", "source"), ("consent_ip", "ip"), ("confirmed_ip", "confirmed_ip")):
        if value := found.get(name):
            proof[key] = value
    confirmed_at = found.get("confirmed_at")
    if confirmed_at is not None and confirmed_at <= context.now:
        proof |= {"double_opt_in": True, "confirmed_at": confirmed_at.isoformat()}
    return proof
