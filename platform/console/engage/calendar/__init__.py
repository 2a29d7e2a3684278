"""Everything planned and past on one calendar.

entries    what one finds on it, kind by kind, each behind its own right
holidays   public holidays of the shop's countries
meetings   who gets two messages on one day, and which promotions meet
layout     days in weeks, and bars over them
ics        the same for other calendars (RFC 5545)
page       month, week and list
"""
