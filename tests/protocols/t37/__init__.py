"""tests of sandf.protocols.t37"""
