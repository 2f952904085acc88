"""SDP: ``description`` reads and writes session descriptions, ``t38_attributes`` and ``audio_lines`` know what stands
below their m= lines, ``offer_answer`` keeps what the two ends of one call have agreed."""
