"""The far ends that are ours: devices, the inbox on site, tasks for staff, and the built-in sinks."""
