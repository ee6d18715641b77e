"""Tree to values and values to XML, one generated module per message."""
