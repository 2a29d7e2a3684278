"""Who carries messages for a channel: their settings, their order, and how they do."""
