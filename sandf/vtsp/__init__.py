"""VTSP, telephony: ports of every kind behind one provider.

:mod:`.provider` serves telephone legs, :mod:`.interfaces` is what it asks of a port.  The virtual ports are an exchange
in memory: :mod:`.exchange` routes, :mod:`.virtual_call` is one call, :mod:`.line` its line with :mod:`.impairments`,
:mod:`.call_clock` its time, :mod:`.rehearsal` the machines at its fixed numbers.
"""
