"""The ondersteuningsplan: its data, life cycle, regional formats, checks and documents. Pure."""
