"""The delivery contract under faults: clients, a nemesis, a history of what happened, and its judge."""
