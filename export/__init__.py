"""What leaves the house: actor bundles and takes in other formats."""
