"""protocols/t38"""
