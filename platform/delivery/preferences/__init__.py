"""What customers decide themselves: topics and channels, how often, in which language, by signed links.

A link in a message is the right to change what its recipient gets; looking at it changes nothing.
"""
