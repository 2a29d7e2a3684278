"""What stands in the way of sending a stored version."""

from typing import Any

from django.utils.translation import gettext as _

from ..blocks import parse_blocks
from ..brand import brand_kit
from ..liquid import TemplateInvalid
from ..models import TemplateVersion
from ..rendering import Content as Rendered
from ..rendering import needs, render, render_short
from ..variables import SAMPLE
from ..wording import Compilation, Made
from .links import HostExists
from .look_over import blocking, look_over


def obstacles(version: TemplateVersion, *, exists: HostExists | None = None) -> list[str]:
    """Return what must be put right before a version goes out, each in a sentence. About 5 ms.

    Names of hosts that were not asked for lately take up to 2 s; `exists` answers in their place.
    """
    wants = needs(version)
    bundles: dict[str, Any] = {name: {"products": [], "total": "0", "currency": ""} for name in wants.bundles}
    sample = {**SAMPLE, "products": SAMPLE["products"] * max(wants.products, 1), "bundles": bundles}
    others = {locale: Made(**made) for locale, made in version.compiled.items()}
    own = Made(version.subject, version.preheader, version.html, version.text)
    compilation = Compilation(parse_blocks(version.blocks), own, others, wants)
    channel = version.template.channel
    try:
        if channel == "email":
            rendered = render(version, sample)
        else:
            short = render_short(version, sample)
            rendered = Rendered(short.title, "", "", short.text)
    except TemplateInvalid as error:
        return [_("The content cannot be written: %(mistake)s") % {"mistake": error}]
    return blocking(look_over(compilation, rendered, brand_kit(), channel=channel, exists=exists))
