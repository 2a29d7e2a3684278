"""When a campaign goes: at once, at a time, again and again, or when somebody does something."""
