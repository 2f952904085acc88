"""Call control: calls, their legs, and the bridges between legs.

Service providers (telephony, fax, documents, mail) stand below, applications above; neither sees the other.
Providers are asked by :class:`.interfaces.IServiceProvider` and answer with the primitives of
:mod:`.primitives`; applications hold a :class:`.call.Call` and read its events one by one.
"""
