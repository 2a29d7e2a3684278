"""What campaigns learn from their own outcomes: plain Python, so that it can be proved without the platform.

Each module holds a frozen state with `as_json` and `from_json`, `updated` for new observations, and the
decision that follows. The platform stores the state and counts; nothing here reads a database or a clock.
"""
