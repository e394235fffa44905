"""The paper's figures: a folder each, with the data, what computes them and what draws them."""
