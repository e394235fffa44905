"""The theory of any two-layer network: expectations, edges, outliers and thresholds."""
