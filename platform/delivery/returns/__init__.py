"""What comes back: bounces and complaints, by mailbox and by provider webhooks, each counted once.

verp        the envelope sender that names the message
dsn, arf    delivery reports (RFC 3464) and complaints (RFC 5965) taken apart
classify    what a bounce means for the address
inbox       a mail that came to the bounce address
webhooks    what providers tell through django-anymail
services    written down once, with what follows: suppression, withdrawal, events
"""
