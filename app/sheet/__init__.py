"""The contact sheet's pages, drawn by Qt without a window.

Rule: every size is a pixel of the page; the sheet is made to be read at 100 %.
"""
