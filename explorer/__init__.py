"""Autograd Explorer."""
