"""fmsp"""
