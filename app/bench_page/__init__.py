"""The page of `livedouble bench`: one file with everything inside, drawn where it is opened."""
