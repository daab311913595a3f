"""The only door to Graphviz and Plotly: pictures drawn from plain data."""
