"""The only door to torch: reading the graph, watching the forward, recording the backward."""
