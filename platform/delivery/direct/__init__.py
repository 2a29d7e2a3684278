"""Single messages that a partner's system asks for: order confirmations, codes, reminders."""
