"""``twistd sandf``: the store-and-forward fax gateway."""

from twisted.application.service import ServiceMaker

sandf = ServiceMaker("sandf", "sandf.tap", "A T.37 store-and-forward fax gateway.", "sandf")
