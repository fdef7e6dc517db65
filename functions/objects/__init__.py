"""The object processor: clean object versions are processed once, infected ones go to quarantine."""
