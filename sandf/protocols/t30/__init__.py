"""protocols/t30"""
