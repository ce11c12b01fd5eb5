"""Films, and the rooms in which people talk about them or anything else."""
