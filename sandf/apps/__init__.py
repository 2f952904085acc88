"""What a call is for: the applications that a dial peer names.

:mod:`.onramp` takes a fax and mails it, :mod:`.offramp` takes a mail and faxes it.  Each is one coroutine per
call that reads the call's events in order.  They see call control, dial peers, the catalogue of causes and the
interfaces of the store; never a provider.
"""
