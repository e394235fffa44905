"""Finite N from the labels alone: edge, outlier and overlap over draws of the labels."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
