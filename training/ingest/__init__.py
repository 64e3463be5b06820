"""A studio's footage and point caches, read, checked and written as shots of a data set."""
