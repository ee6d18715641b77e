.PHONY: help
help:
	@echo "make demo | test | bench"
