"""What the editor's script says, in the reader's language, and the blocks it offers."""

from typing import Any

from django.utils.translation import gettext as _

from campaigns.content.blocks import KINDS
from campaigns.content.models import Medium


def palette(channel: str) -> list[str]:
    """Return the kinds of blocks that can be added to a message of a channel."""
    if channel != Medium.EMAIL:
        return []
    return [name for name, kind in KINDS.items() if channel in kind.channels and name != "html"]


def presets() -> dict[str, dict[str, Any]]:
    """Return what a new block of each kind says at first."""
    return {
        "header": {"title": "{{ shop.name }}"},
        "heading": {"text": _("A headline")},
        "text": {"text": _("Write something good.")},
        "image": {"url": "", "alt": ""},
        "button": {"label": _("Go to the shop"), "url": "{{ shop.url }}"},
        "recommendations": {"title": _("Picked for you"), "count": 4, "fallback": "popular"},
        "coupon": {"label": _("Your code")},
        "bundle": {"title": _("Better together"), "skus": []},
        "columns": {"columns": [[], []]},
        "conditional": {"when": {"about": "name"}, "blocks": []},
        "divider": {},
        "spacer": {"height": 24},
        "social": {},
        "footer": {},
    }


def texts() -> dict[str, Any]:
    """Return the script's texts by their names."""
    return {
        "add": _("Add block"),
        "addHere": _("Add a block here"),
        "blocks": _("Blocks"),
        "addLanguage": _("Translate into"),
        "search": _("Find a block"),
        "moveUp": _("Move up"),
        "moveDown": _("Move down"),
        "duplicate": _("Duplicate"),
        "remove": _("Remove"),
        "removed": _("Removed: %(name)s. Undo with Ctrl+Z."),
        "moved": _("%(name)s is now number %(place)s of %(count)s."),
        "added": _("Added: %(name)s"),
        "undone": _("Undone."),
        "redone": _("Done again."),
        "saved": _("Saved just now"),
        "saving": _("Saving …"),
        "notSaved": _("Not saved yet"),
        "lost": _("Not saved: the server could not be reached. It is tried again."),
        "conflict": _("Changed elsewhere"),
        "conflictHint": _(
            "Somebody changed this template meanwhile, or another window of yours did. "
            "Nothing of theirs was overwritten."
        ),
        "takeTheirs": _("Show theirs"),
        "keepMine": _("Keep mine"),
        "failed": _("The server could not be reached. Try again."),
        "version": _("Version %(number)s saved"),
        "noBlocks": _("Nothing here yet."),
        "choose": _("Choose a block on the left to see its settings."),
        "everyone": _("Everyone"),
        "about": _("Who"),
        "value": _("Which"),
        "opposite": _("All but these"),
        "column": _("Column %(number)s"),
        "addColumn": _("Third column"),
        "removeColumn": _("Remove the third column"),
        "they": _("They see"),
        "others": _("Everyone else sees"),
        "upload": _("Upload a picture"),
        "uploading": _("Uploading …"),
        "insert": _("Insert"),
        "address": _("Address"),
        "network": _("Network"),
        "addLink": _("Add link"),
        "skuHint": _("One sku a line"),
        "originalIs": _("Original: %(text)s"),
        "knownPerson": _("Somebody we know"),
        "stranger": _("Somebody new, without a name"),
        "nobodyFound": _("Nobody found"),
        "wrong": _("Stands in the way"),
        "advice": _("Advice"),
        "good": _("In order"),
        "sent": _("The test is on its way to %(to)s."),
        "sms": _("%(units)s characters (%(encoding)s) · %(parts)s messages · %(left)s left in the last"),
        "mistake": _("The preview waits: %(message)s"),
        "now": _("now"),
        "removeLanguage": _("Remove this translation"),
        "suggestBundles": _("Suggest sets that are bought together"),
        "looking": _("Looking at what is bought together. This takes a minute; you can go on writing."),
        "noBundles": _("Nothing is bought together more often than by chance yet."),
        "takeBundle": _("Take this set"),
        "inAll": _("%(amount)s in all"),
    }
