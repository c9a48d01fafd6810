"""The faults, by what they are done to. Importing this fills the table."""

from tests.faults.scenarios import crowds, engines, machine, network, processes, work
from tests.faults.scenarios.table import FAULTS, Fault

__all__ = ["FAULTS", "Fault", "crowds", "engines", "machine", "network", "processes", "work"]
