"""The only door to Streamlit: state, widgets, the router and the player."""
