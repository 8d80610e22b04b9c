"""Binary and codebook codes: making, packing, comparing, judging and exchanging them.

`binarize` (for tensors) is imported from its own module, because it loads torch.
"""
