"""The pages of the app, each thin: widgets and calls, no arithmetic."""
