"""What came of a campaign, counted in the background and kept.

figures    what is counted, and how it is stored
counting   the statements: who bought, what was clicked, how it went over time, group by group
keeping    when it is counted anew, and what is read meanwhile
people     the campaign's people, by what became of their message and what they did
answers    the REST shape
"""
