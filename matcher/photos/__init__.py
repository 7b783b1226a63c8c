"""Photos: from the bytes somebody sent to the faces in them. Start at `pool.PhotoPool`.

Nothing is imported here on purpose: a worker must confine itself before numpy and Pillow are loaded.
"""
