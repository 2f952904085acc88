"""dmsp"""
