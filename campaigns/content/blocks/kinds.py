"""The kinds of blocks, one dataclass each: language version 2.

In JSON a block is `{"kind": "button", "id": "b3", "label": "Go", "url": "https://…"}`: the members of its
class, its kind, and an id by which translations, versions and the editor find it again. Every block may
say `only`, whom it is shown to. Texts may hold Liquid.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from .conditions import Condition, read_condition
from .fields import Choice, Flag, Html, Member, Number, Other, Rich, Skus, Text, Url
from .social import read_links

MOST_PRODUCTS = 12
_ALIGN = (("start", _("at the start")), ("center", _("in the middle")))


def member(member: Member) -> Any:
    """Declare a dataclass field that is read as this member."""
    if member.required:
        return field(metadata={"member": member})
    return field(default=member.default, metadata={"member": member})


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a message, checked."""

    kind: ClassVar[str] = ""
    title_: ClassVar[Any] = ""
    icon: ClassVar[str] = ""
    #: The channels in which it can stand.
    channels: ClassVar[tuple[str, ...]] = ("email",)

    id: str
    only: Condition | None = member(  # noqa: RUF009  it makes a field
        Other(label=_("Show only to"), reader=read_condition, type="condition", default=None)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Header(Block):
    """The shop's logo or name at the top."""

    kind, title_, icon = "header", _("Header"), "toolbar"

    title: str = member(Text(label=_("Name"), hint=_("Shown where there is no logo."), required=True))
    logo: bool = member(Flag(label=_("Show the logo of the brand"), default=True))
    style: str = member(
        Choice(
            label=_("Background"),
            choices=(("band", _("brand colour")), ("plain", _("none"))),
            default="band",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading(Block):
    """A headline."""

    kind, title_, icon = "heading", _("Headline"), "title"

    text: str = member(Text(label=_("Text"), required=True))
    size: str = member(
        Choice(label=_("Size"), choices=(("large", _("large")), ("small", _("small"))), default="large")
    )
    align: str = member(Choice(label=_("Stands"), choices=_ALIGN, default="start"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraphs(Block):
    """Words: an empty line starts a paragraph, `**bold**`, `*italic*`, `[words](https://…)`."""

    kind, title_, icon = "text", _("Paragraph"), "notes"

    text: str = member(
        Rich(
            label=_("Text"),
            required=True,
            hint=_("An empty line starts a paragraph. **bold**, *italic*, [words](https://address)"),
        )
    )
    align: str = member(Choice(label=_("Stands"), choices=_ALIGN, default="start"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Button(Block):
    """What to press."""

    kind, title_, icon = "button", _("Button"), "smart_button"

    label: str = member(Text(label=_("Label"), required=True))
    url: str = member(Url(label=_("Leads to"), required=True))
    align: str = member(Choice(label=_("Stands"), choices=_ALIGN, default="center"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Block):
    """A picture with its description for those who do not see it."""

    kind, title_, icon = "image", _("Picture"), "image"

    url: str = member(Url(label=_("Picture"), required=True, picture=True))
    alt: str = member(
        Text(label=_("Description"), hint=_("Read out, and shown when pictures are off."), required=True)
    )
    link: str = member(Url(label=_("Leads to"), default=""))
    width: str = member(
        Choice(
            label=_("Width"),
            choices=(("full", _("edge to edge")), ("inset", _("with a margin")), ("half", _("half"))),
            default="inset",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendations(Block):
    """Products chosen for each person, with the reason."""

    kind, title_, icon = "recommendations", _("Recommended products"), "recommend"

    title: str = member(Text(label=_("Headline"), required=True))
    count: int = member(Number(label=_("How many"), least=1, most=MOST_PRODUCTS, required=True))
    layout: str = member(
        Choice(
            label=_("Arranged"), choices=(("grid", _("two by two")), ("rows", _("in rows"))), default="grid"
        )
    )
    fallback: str = member(
        Choice(
            label=_("If nothing fits"),
            choices=(
                ("popular", _("Show best-sellers")),
                ("hide", _("Leave the block out")),
                ("skip", _("Do not write to this person")),
            ),
            default="skip",
        )
    )
    reasons: bool = member(Flag(label=_("Say why each was chosen"), default=True))
    prices: bool = member(Flag(label=_("Show prices"), default=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle(Block):
    """Products that go together, with their price in all. Left out when one of them is not to be had."""

    kind, title_, icon = "bundle", _("Bundle"), "package_2"

    title: str = member(Text(label=_("Headline"), required=True))
    skus: tuple[str, ...] = member(Skus(label=_("Products (sku)"), required=True))
    text: str = member(Text(label=_("What one saves (optional)"), default=""))
    label: str = member(Text(label=_("Button"), default=""))
    url: str = member(Url(label=_("Leads to"), default=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon(Block):
    """Each person's own code, and until when it holds."""

    kind, title_, icon = "coupon", _("Coupon code"), "confirmation_number"

    label: str = member(Text(label=_("Above the code"), required=True))
    note: str = member(Text(label=_("Below the code (optional)"), default=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns(Block):
    """Blocks beside each other; below each other on a phone."""

    kind, title_, icon = "columns", _("Side by side"), "view_column"

    columns: tuple[tuple[Block, ...], ...] = member(
        Other(label=_("Side by side"), type="columns", required=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(Block):
    """Blocks for some people, and others for everyone else."""

    kind, title_, icon = "conditional", _("Only for some people"), "alt_route"

    when: Condition = member(  # noqa: RUF009  it makes a field
        Other(label=_("Shown to whom"), reader=read_condition, type="condition", required=True)
    )
    blocks: tuple[Block, ...] = member(Other(label=_("They see"), type="blocks", required=True))
    otherwise: tuple[Block, ...] = member(Other(label=_("Everyone else sees"), type="blocks", default=()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Divider(Block):
    """A thin line."""

    kind, title_, icon = "divider", _("Dividing line"), "horizontal_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacer(Block):
    """Room."""

    kind, title_, icon = "spacer", _("Space"), "expand"

    height: int = member(Number(label=_("Height in pixels"), least=4, most=120, default=24))


@dataclass(frozen=True, slots=True, kw_only=True)
class Social(Block):
    """Where else the shop is found: the brand's links, or some of its own."""

    kind, title_, icon = "social", _("Social links"), "share"

    links: tuple[tuple[str, str], ...] = member(
        Other(
            label=_("Links"), hint=_("Empty: those of the brand."), reader=read_links, type="links",
            default=(),
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer(Block):
    """Why one gets the mail, how to stop it, the postal address, and the mail as a page."""

    kind, title_, icon = "footer", _("Footer"), "bottom_navigation"

    text: str = member(Rich(label=_("Text of your own (optional)"), default=""))
    browser: bool = member(Flag(label=_("Link to view it in the browser"), default=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported(Block):
    """A whole HTML document made elsewhere, sent as it is. It stands alone."""

    kind, title_, icon = "html", _("HTML"), "code"

    html: str = member(Html(label=_("HTML"), required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms(Block):
    """A text message."""

    kind, title_, icon = "sms", _("Text message"), "sms"
    channels = ("sms",)

    text: str = member(Text(label=_("Text"), lines=True, longest=2_000, required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Push(Block):
    """A notification on a phone or in a browser."""

    kind, title_, icon = "push", _("Notification"), "notifications"
    channels = ("push",)

    title: str = member(Text(label=_("Title"), longest=200, required=True))
    text: str = member(Text(label=_("Text"), lines=True, longest=1_000, required=True))
    url: str = member(Url(label=_("Leads to"), default=""))
    image: str = member(Url(label=_("Picture"), default="", picture=True))


KINDS: dict[str, type[Block]] = {
    block.kind: block
    for block in (
        Header, Heading, Paragraphs, Image, Button, Recommendations, Coupon, Bundle, Columns, Conditional,
        Divider, Spacer, Social, Footer, Imported, Sms, Push,
    )
}  # fmt: skip
#: What is a whole message by itself.
ALONE = frozenset({"html", "sms", "push"})
#: What can stand beside something else, within a column.
IN_COLUMNS = frozenset({"heading", "text", "image", "button", "coupon", "divider", "spacer", "social"})
#: What can be shown to some people alone.
IN_CONDITIONS = IN_COLUMNS | {"recommendations", "bundle", "columns"}
