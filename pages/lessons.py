"""Lessons: small stories of steps, each beside the program that it is about."""

from explorer.ui.lesson import page

page.show()
