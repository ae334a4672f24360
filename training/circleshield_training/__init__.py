"""Labelled samples to a model: corpora, fit, evaluate, report."""
