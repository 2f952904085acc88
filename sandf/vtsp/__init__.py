"""vtsp"""
