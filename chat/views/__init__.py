"""Pages: the customer's chat, the agent's console, and the script that other sites embed."""
