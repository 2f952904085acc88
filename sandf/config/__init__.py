"""The configuration: TOML to frozen, typed settings, with every mistake named at once.

:func:`load` is the way in; :mod:`.settings` says what a file can say, and ``etc/sandf.toml`` explains it.
:func:`embedded` is what a gateway without a file runs with, and :func:`reloadable` what a reload can change.
"""

from .loading import embedded, load
from .ports import SipPort, VirtualPort
from .problems import ConfigurationError, Problem, Severity
from .reload import Reload, merged, reloadable
from .settings import Configuration, MmoipDialPeer, PotsDialPeer, RetryRule, Settings
from .values import Endpoint, HostPort, Network, StoreUrl

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Endpoint",
    "HostPort",
    "MmoipDialPeer",
    "Network",
    "PotsDialPeer",
    "Problem",
    "Reload",
    "RetryRule",
    "Settings",
    "Severity",
    "SipPort",
    "StoreUrl",
    "VirtualPort",
    "embedded",
    "load",
    "merged",
    "reloadable",
]
