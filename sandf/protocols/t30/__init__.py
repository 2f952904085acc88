"""ITU-T T.30, the procedures of Group 3 facsimile, as pure tables.

A :class:`.terminal.Terminal` takes what a bearer's pump hears and what its host decides, and answers with
pump commands and events.  The charts of T.30 clause 5.2 are tables split by phase: :mod:`.phase_b` (identify),
:mod:`.phase_b_training`, :mod:`.phase_c_transmit`, :mod:`.phase_c_receive` (message and post-message procedure) and
:mod:`.phase_d_interrupt` (PRI-*, PIP, PIN).  Beside them stand the values they work with: :mod:`.frames`,
:mod:`.capabilities`, :mod:`.modems`, :mod:`.ecm`, :mod:`.message`, :mod:`.scan_line`, :mod:`.timers` and, for those who
must know how long a transmission lasts, :mod:`.air`.

What this package does not do: it codes no picture (see ``protocols/t4``), it touches no samples or packets (see
:mod:`.pump` for what a bearer must do), and it has no clock: ``now`` is an argument everywhere.
"""
