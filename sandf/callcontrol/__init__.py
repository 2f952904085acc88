"""callcontrol"""
