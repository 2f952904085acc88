"""T.37: store-and-forward facsimile over Internet mail.

Addresses (RFC 3191, 3192, 2846), the message of the on-ramp (RFC 3965), reading the message of the off-ramp
(MIME), delivery status notifications (RFC 3461 to 3464).  Values in, values and octets out.
"""
