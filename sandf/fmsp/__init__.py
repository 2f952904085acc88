"""FMSP, fax media: T.30 on the bearers of telephony.

:mod:`.provider` serves fax legs (:mod:`.legs`); :mod:`.session` drives one T.30 terminal on one bearer, with
:mod:`.sending` or :mod:`.receiving` as its host.  :mod:`.outcomes` says how it ended in the words of the catalogue,
:mod:`.forms` chooses page forms, :mod:`.settings` is what the operator sets, and :mod:`.far` makes fax machines for
the far end of virtual lines.
"""
