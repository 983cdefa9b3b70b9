"""Generative adversarial networks by name, one file a variant: its networks, loss and defaults."""
