"""The rules of sending that people set: quiet hours, caps, markets and warm-up."""
