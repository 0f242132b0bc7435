"""The adapters of services: their words, kinds, presets, loading, and the contract that each must keep."""
