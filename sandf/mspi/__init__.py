"""mspi"""
