"""When a message goes: moments by somebody's own clock, slots that recur, and a domain's warm-up."""
