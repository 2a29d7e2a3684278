"""How a mail looks: blocks → MJML → HTML that every mail client shows."""
