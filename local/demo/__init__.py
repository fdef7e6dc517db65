"""The demo: the gate stops a broken program, the sound one is deployed, and every object is accounted for."""
