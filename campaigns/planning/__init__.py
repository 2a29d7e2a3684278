"""How a campaign is planned: goal and parts, ready-mades, a second person's approval, what it comes to."""
