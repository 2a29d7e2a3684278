"""What people do with a message: opens and clicks.

rewrite      the links of a rendered mail lead over us, a pixel says that it was opened
short        the same for the texts of SMS, push and on-site messages, in 22 characters
permission   whose opens and clicks may be noted, by market and by the customer's own wish
views        /t/o, /t/c and /t/s: write the touch down in one statement, answer
judge        a few seconds later: was it a person or a machine; then it becomes an event
"""
