"""What each part of the recipe is worth: the same training again and again, one thing different each time.

Rule: every cell takes as many steps as the reference and is measured on the same validation frames; a difference is
called one only where it is larger than what another seed does.
"""
