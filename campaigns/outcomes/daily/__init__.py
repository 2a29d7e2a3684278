"""The shop's days in sum: what was bought, sent, answered, and put down to campaigns.

    orders      what each customer adds to each day; a change moves the days by its difference
    mailings    what of each run happened on which day
    credited    orders put down to campaigns, by day and channel
    selectors   the course of a period, read in milliseconds whatever the shop's size

A day is the shop's (`SHOP_TIME_ZONE`). An order belongs to the day of its first line and is worth what is
left of it: cancelled lines are none, refunds reduce it to nothing at most, whenever they come; an order that
was given back whole is none. A refund of an order that nobody told of is subtracted on its own day.
"""
