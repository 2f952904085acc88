"""dialpeer"""
