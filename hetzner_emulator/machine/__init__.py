"""The servers themselves: when they answer SSH, as whom, and what root may run on them."""
