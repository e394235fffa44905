"""Spectral methods: channels, preprocessings, their thresholds, what can be known at all."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
