"""Tools of the checkout: installing, checking, generated files. Not part of the package."""
