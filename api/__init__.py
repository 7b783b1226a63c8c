"""api: who asks, who may know, who is told?"""
