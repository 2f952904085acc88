"""tests of sandf.mspi"""
