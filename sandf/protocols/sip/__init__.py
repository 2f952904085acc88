"""SIP (RFC 3261 and its kin), pure: messages go in with the time, messages and events come out.

:mod:`.agent` is a user agent on one endpoint.  Below it :mod:`.transactions` sees to what is sent again, by the tables
of :mod:`.chart` and the rows of :mod:`.timers`; above, :mod:`.session` is a call, with its phases in :mod:`.inviting`,
:mod:`.invited`, :mod:`.modifying`, :mod:`.refreshing` and :mod:`.ending`, :mod:`.registration` a registration and
:mod:`.monitoring` the watch over proxies.  :mod:`.digest` answers challenges, :mod:`.numbers` says who calls whom,
:mod:`.reasons` why a call failed, and :mod:`.locating` where a URI leads.
"""
