"""What people did after a message: opens, clicks, and the orders that are put down to it.

Attribution is bookkeeping, not cause: it says which message came before an order. What a campaign
caused is the difference to those held out (campaigns.experiments), which this never touches.
"""
