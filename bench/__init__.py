"""What the product costs, measured beside the smallest honest Channels consumer."""
