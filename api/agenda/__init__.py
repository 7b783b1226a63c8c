"""agenda: what the law and others wait for, of each unit: clocks, visits, alerts, requests."""
