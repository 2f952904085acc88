"""The acceptance procedures of TSB-85 (ETSI ETS 300 242) played against our T.30, in virtual time.

The procedures come as data, which is not ours and stays outside the project (:mod:`.procedures` finds it).
:mod:`.tester` plays the far machine step by step, :mod:`.device` is our terminal with its hosts, :mod:`.bearer` the
line between them.
"""
