"""Pages of a campaign: its plan and launch, what is done to it, what became of it."""
