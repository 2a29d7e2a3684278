"""For whom a block is shown: `{"about": "segment", "value": "big-spenders", "not": false}`."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .fields import invalid

_VALUE = re.compile(r"[\w-]{1,100}")

#: What a condition may be about: its label, whether it has a value, and the Liquid that asks it.
ABOUT: dict[str, tuple[Any, bool, str]] = {
    "segment": (gettext_lazy("is in the segment"), True, 'customer.segments contains "{value}"'),
    "language": (gettext_lazy("reads the language"), True, 'customer.language == "{value}"'),
    "country": (gettext_lazy("lives in the country"), True, 'customer.country == "{value}"'),
    "name": (gettext_lazy("has told us a first name"), False, 'customer.first_name != ""'),
    "coupon": (gettext_lazy("gets a coupon code"), False, 'coupon.code != ""'),
    "products": (gettext_lazy("has recommended products"), False, "products.size > 0"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Whom a block is for."""

    about: str
    value: str = ""
    negated: bool = False

    @property
    def opening(self) -> str:
        """Return the Liquid tag before what is shown to these people alone."""
        asked = ABOUT[self.about][2].format(value=self.value)
        return f"{{% {'unless' if self.negated else 'if'} {asked} %}}"

    @property
    def closing(self) -> str:
        """Return the tag after it."""
        return "{% endunless %}" if self.negated else "{% endif %}"


def read_condition(value: Any, path: str) -> Condition | None:
    """Return the condition, None for everyone. Raises TemplateInvalid."""
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("about") not in ABOUT:
        raise invalid(f"{path}.about", _("There are: %(names)s.") % {"names": ", ".join(ABOUT)})
    if stray := set(value) - {"about", "value", "not"}:
        raise invalid(f"{path}.{str(min(stray, key=str))[:40]}", _("This is not known here."))
    about, given, negated = value["about"], value.get("value", ""), value.get("not", False)
    if not isinstance(negated, bool):
        raise invalid(f"{path}.not", _("Write true or false."))
    if not ABOUT[about][1]:
        return Condition(about, negated=negated)
    if not isinstance(given, str) or not _VALUE.fullmatch(given):
        raise invalid(f"{path}.value", _("Choose which one."))
    value = {"country": given.upper(), "language": given.lower()}.get(about, given)
    return Condition(about, value, negated)
