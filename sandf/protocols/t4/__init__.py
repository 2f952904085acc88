"""protocols/t4"""
