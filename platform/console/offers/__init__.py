"""Engage → Coupons & promotions: the editor, pools and codes, the calendar, what offers brought."""
