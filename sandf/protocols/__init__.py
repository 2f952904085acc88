"""The Recommendations and RFCs, pure: no reactor, no socket, no clock, no random.

Input is octets, events and ``now`` (seconds, any epoch); output is octets, events and commands.  What would
need randomness (tags, boundaries, branches) takes it as an argument.
"""
