"""Spectral methods with a matrix T(y) ∈ R^{p* × p*}, for any teacher."""
