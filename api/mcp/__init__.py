"""The MCP door: a model's tools for the company's documents."""
