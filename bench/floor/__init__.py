"""The smallest honest Channels consumer: one insert and one group_send a message. And a bare echo."""
