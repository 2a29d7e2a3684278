"""The wizard that plans a campaign: goal, audience, content, test, review; saved by itself."""
