"""The face in a picture: where it is, and whether an officer should take the picture again.

Says nothing about who somebody is, and nothing of sex, age, origin or mood: no model here can.
"""
