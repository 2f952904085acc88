"""T.38: fax over IP.  ``ifp`` codes the Internet fax protocol packets, ``udptl`` carries them over datagrams."""
