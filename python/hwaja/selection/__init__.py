"""Helps a user to choose a recogniser: compares several on the user's speech, and gives advice.

May import all but `cli`. Begin with `measuring`, which puts one recogniser through its paces.
"""
