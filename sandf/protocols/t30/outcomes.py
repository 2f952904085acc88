"""Every way in which T.30 can end, with the number that Class 2 modems report for it (+FHNG, T.32 Table 9).

The catalogue of causes for people lies outside the protocols; it maps these by one table.

What this module does not do: it decides nothing; the charts choose.
"""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """How a call ended; the value is ``(name, +FHNG number, sentence)``."""

    COMPLETED = ("completed", 0, "All pages were exchanged and confirmed, or there was nothing more to do.")
    ABORTED = ("aborted", 2, "The call was ended from this side.")
    OPERATOR = ("operator", 0, "The line was handed to an operator by procedure interrupt.")
    CALL_CLEARED = ("call-cleared", 20, "The line went away before anything was agreed.")
    # Identification.
    NO_FAX = ("no-fax", 11, "T1 expired: nothing was heard from a facsimile terminal.")
    NO_CALLER = ("no-caller", 11, "T1 expired: nobody answered our DIS.")
    FAR_CANNOT_RECEIVE = ("far-cannot-receive", 21, "The far terminal says that it cannot receive.")
    FAR_CANNOT_TRANSMIT = ("far-cannot-transmit", 21, "The far terminal has no document for polling.")
    NOTHING_TO_SEND = ("nothing-to-send", 21, "The far terminal polled, and there is no document.")
    PASSWORD_REFUSED = ("password-refused", 21, "The far terminal polled without the right password.")
    INCOMPATIBLE = ("incompatible", 21, "The two terminals have no mode in common for this page.")
    DCN_IN_PHASE_B = ("dcn-in-phase-b", 20, "The far terminal disconnected while capabilities were exchanged.")
    # Phase B, training.
    NO_RESPONSE_TO_DCS = ("no-response-to-dcs", 25, "DCS was sent three times without a response.")
    NO_RESPONSE_TO_DTC = ("no-response-to-dtc", 25, "DTC was sent three times without a response.")
    DCS_NOT_RECOGNIZED = ("dcs-not-recognized", 26, "DIS came three times again: our DCS was not recognized.")
    CANNOT_TRAIN = ("cannot-train", 27, "Training failed at every speed down to the lowest.")
    DCN_AFTER_DCS = ("dcn-after-dcs", 20, "The far terminal disconnected during training.")
    INVALID_RESPONSE_B = ("invalid-response-b", 28, "The response to DCS made no sense.")
    TRAINING_NOT_COMPLETED = ("training-not-completed", 70, "The transmitter fell silent during training.")
    INVALID_COMMAND_B = ("invalid-command-b", 72, "The command in phase B made no sense.")
    # Transmit side, phases C and D.
    PAGES_FAILED = ("pages-failed", 43, "The pages to be sent could not be supplied.")
    NO_RESPONSE_TO_MPS = ("no-response-to-mps", 52, "MPS was sent three times without a response.")
    NO_RESPONSE_TO_EOP = ("no-response-to-eop", 54, "EOP was sent three times without a response.")
    NO_RESPONSE_TO_EOM = ("no-response-to-eom", 56, "EOM was sent three times without a response.")
    NO_RESPONSE_TO_PPS = ("no-response-to-pps", 50, "An ECM command was sent three times without a response.")
    INVALID_RESPONSE_TO_MPS = ("invalid-response-to-mps", 53, "The response to MPS made no sense.")
    INVALID_RESPONSE_TO_EOP = ("invalid-response-to-eop", 55, "The response to EOP made no sense.")
    INVALID_RESPONSE_TO_EOM = ("invalid-response-to-eom", 57, "The response to EOM made no sense.")
    INVALID_RESPONSE_TO_PPS = ("invalid-response-to-pps", 51, "The response to an ECM command made no sense.")
    NO_DIS_AFTER_EOM = ("no-dis-after-eom", 50, "After EOM the far terminal did not come back to phase B.")
    PAGE_REJECTED = ("page-rejected", 50, "The far terminal rejected a page (RTN) and it was not sent again.")
    PAGE_NOT_CORRECTED = ("page-not-corrected", 50, "A page could not be corrected: ECM ended it by EOR.")
    RECEIVER_NOT_READY = ("receiver-not-ready", 50, "T5 expired: the far terminal stayed busy (RNR).")
    INTERRUPTED = ("interrupted", 58, "The far terminal asked for an operator (PIN or PIP) and would not go on.")
    DCN_IN_MESSAGE = ("dcn-in-message", 50, "The far terminal disconnected instead of confirming a page.")
    CLEARED_IN_MESSAGE = ("cleared-in-message", 50, "The line went away while pages were sent.")
    # Receive side, phases C and D.
    NO_PAGE = ("no-page", 73, "T2 expired: the page expected did not come.")
    NO_END_OF_LINE = ("no-end-of-line", 91, "No EOL came for 5 s: what came was no page.")
    NO_COMMAND = ("no-command", 100, "T2 expired: no post-message command came after the page.")
    NO_CALLER_AFTER_EOM = ("no-caller-after-eom", 74, "T1 expired after EOM.")
    INVALID_COMMAND = ("invalid-command", 102, "A command during reception made no sense.")
    STORE_REFUSED = ("store-refused", 93, "A received page could not be stored; it was not confirmed.")
    DCN_IN_RECEPTION = ("dcn-in-reception", 100, "The far terminal disconnected before the end of the document.")
    REJECTED_PAGE_NOT_REPEATED = ("rejected-page-not-repeated", 100, "A bad page was rejected; it did not come again.")
    CLEARED_IN_RECEPTION = ("cleared-in-reception", 90, "The line went away while pages were received.")
    INTERRUPTED_IN_RECEPTION = ("interrupted-in-reception", 103, "Unable to continue after a procedure interrupt.")
    CARRIER_STUCK = ("carrier-stuck", 90, "The far terminal's carrier did not end.")

    @property
    def fhng(self) -> int:
        """The Class 2 hang-up code (decimal)."""
        return self.value[1]

    @property
    def sentence(self) -> str:
        """One sentence for logs."""
        return self.value[2]
