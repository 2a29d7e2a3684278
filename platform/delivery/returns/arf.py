"""Complaints in the Abuse Reporting Format (RFC 5965), as mailbox providers' feedback loops send them."""

from dataclasses import dataclass
from email.message import Message

from delivery.returns import parts

#: RFC 5965 §7.3 and RFC 6430: a person who took our mail *out* of the spam folder did not complain.
_NOT_COMPLAINTS = {"not-spam", "auth-failure"}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was complained about; `opt_out` when the person only asked to hear no more."""

    feedback_type: str
    opt_out: bool
    envelope_sender: str


def parse(message: Message) -> Complaint | None:
    """Return the complaint that a mail carries, or None."""
    for part in parts.machine_parts(message, "feedback-report"):
        found: parts.Fields = {}
        for block in parts.blocks(part) or [parts.fields(parts.body(part))]:
            found = block | found
        kind = found.get("feedback-type", "abuse").strip().lower()
        if kind in _NOT_COMPLAINTS:
            return None
        sender = found.get("original-mail-from", "").strip(" <>")
        return Complaint(kind, kind.startswith("opt-out"), sender)
    return None
