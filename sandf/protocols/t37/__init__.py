"""protocols/t37"""
