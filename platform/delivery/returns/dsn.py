"""Delivery status notifications (RFC 3464), and what is sent in their place."""

from dataclasses import dataclass
from email.message import Message

from delivery.returns import classify, parts
from delivery.returns.models import BounceClass

#: These report a success, of a kind.
_DELIVERED = {"delivered", "relayed", "expanded"}


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report says. `diagnostic` holds no address."""

    bounce_class: BounceClass
    status: str
    diagnostic: str


def parse(message: Message) -> Bounce | None:
    """Return what a mail to a bounce address says, or None when it reports a success or nothing.

    A proper report is read by its fields; one without the machine-readable part, or with a broken one,
    by its words.
    """
    groups = [
        group for part in parts.machine_parts(message, "delivery-status") for group in parts.blocks(part)
    ]
    recipients = [group for group in groups if "action" in group or "status" in group]
    head = parts.headers(message)
    words = parts.text(message)
    if not recipients:
        loose = parts.fields(words)
        if "final-recipient" in loose and ("status" in loose or "action" in loose):
            recipients = [loose]
    if recipients:
        return _of_fields(recipients, words)
    looks_like_report = "report" in head.get("content-type", "") or "x-failed-recipients" in head
    daemon = any(
        name in head.get("from", "").lower() for name in ("mailer-daemon", "postmaster", "mail delivery")
    )
    if not (looks_like_report or daemon):
        kind = classify.of_reply(head, words)
        if kind:
            return Bounce(kind, "", parts.without_addresses(head.get("subject", "")))
    meaning = classify.by_words(words)
    if not (meaning or looks_like_report or daemon):
        return None
    return Bounce(meaning, classify.find_status(words), parts.without_addresses(words))


def _of_fields(recipients: list[parts.Fields], words: str) -> Bounce | None:
    """Return the worst that was said: a failure before a delay."""
    actions = [(group.get("action", "failed").lower().strip(), group) for group in recipients]
    if all(action in _DELIVERED for action, _ in actions):
        return None
    action, group = min(
        ((a, g) for a, g in actions if a not in _DELIVERED), key=lambda found: found[0] != "failed"
    )
    diagnostic = group.get("diagnostic-code", "")
    said = diagnostic.partition(";")[2].strip() or diagnostic
    status = classify.find_status(group.get("status", "")) or classify.find_status(said)
    # A general status (X.0.0) says less than the one that the remote server gave.
    if status[2:] in ("0.0", "") and (finer := classify.find_status(said)):
        status = finer
    kind = classify.by_status(status, said or words, action=action)
    return Bounce(kind, status, parts.without_addresses(said or words))
