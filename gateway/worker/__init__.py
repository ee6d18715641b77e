"""The running process: scheduled jobs that call flows. No business decision."""
