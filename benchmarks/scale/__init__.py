"""What does a size cost? One population at several sizes: time, memory and recall, beside other tools in one run."""
