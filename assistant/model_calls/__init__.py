"""Requests to chat models: within time and budget, booked one by one, made again where that may help, at another model where not."""
