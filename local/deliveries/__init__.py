"""Deliveries between services: what there is, who decides on them, and where moto asks."""
