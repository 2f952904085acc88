"""TIFF for fax: profiles S and F of TIFF-FX (RFC 3949, before it RFC 2301 and 2306).

``tags`` names what both sides know, ``writer`` wraps coded strips into files, ``reader`` walks through fax
TIFFs of any origin and hands out their strips.  Nothing is transcoded here.
"""
